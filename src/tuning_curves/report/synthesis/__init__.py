"""The synthesis over studies: does the winner hang on examples, on steps, on the task?

Everything here is made from `results/<study>/tables` and `results/<study>/numbers.json`; neither
studies nor records are read.
"""
