"""What passages can be about: one file of slots, sentence forms and question forms a domain."""

from tuning_curves.sources.generator.domain import Domain
from tuning_curves.sources.generator.domains.bridges import BRIDGE
from tuning_curves.sources.generator.domains.clubs import CLUB
from tuning_curves.sources.generator.domains.companies import COMPANY
from tuning_curves.sources.generator.domains.expeditions import EXPEDITION
from tuning_curves.sources.generator.domains.inventions import INVENTION
from tuning_curves.sources.generator.domains.lives import LIFE
from tuning_curves.sources.generator.domains.museums import MUSEUM
from tuning_curves.sources.generator.domains.observatories import OBSERVATORY
from tuning_curves.sources.generator.domains.plants import PLANT
from tuning_curves.sources.generator.domains.ships import SHIP

DOMAINS: tuple[Domain, ...] = (
    BRIDGE,
    CLUB,
    COMPANY,
    EXPEDITION,
    INVENTION,
    LIFE,
    MUSEUM,
    OBSERVATORY,
    PLANT,
    SHIP,
)
