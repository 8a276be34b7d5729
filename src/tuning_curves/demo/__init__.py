"""Reading-comprehension passages and questions in the layout of SQuAD v1.1, written from a seed.

Made for the study `demo-qa`, whose data then need neither a download nor anybody's licence. Every
name, date and number is invented; the English comes from hand-written sentence forms. These are
data: a file a domain in domains/, and the parts of names in names.json. The same arguments give the
same bytes on every platform. It is no benchmark: its scores compare methods with each other within
that study and say nothing about English at large.
"""

from tuning_curves.demo.articles import GENERATOR_VERSION, generate

LAYOUT = "squad"  # the file layout of what is generated, as tasks name it
MADE = "passages and questions on them"

__all__ = ["GENERATOR_VERSION", "LAYOUT", "MADE", "generate"]
