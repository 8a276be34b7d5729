"""Side by side against the field's ways of doing the same work: `make bench`.

Speed is measured here and never asserted by a test. docs/benchmarks.md says what is compared.
"""
