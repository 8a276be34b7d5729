"""What passages can be about: one file of slots, sentence forms and question forms a domain."""

from tuning_curves.demo.domain import Domain
from tuning_curves.demo.domains.bridges import BRIDGE
from tuning_curves.demo.domains.clubs import CLUB
from tuning_curves.demo.domains.companies import COMPANY
from tuning_curves.demo.domains.expeditions import EXPEDITION
from tuning_curves.demo.domains.inventions import INVENTION
from tuning_curves.demo.domains.lives import LIFE
from tuning_curves.demo.domains.museums import MUSEUM
from tuning_curves.demo.domains.observatories import OBSERVATORY
from tuning_curves.demo.domains.plants import PLANT
from tuning_curves.demo.domains.ships import SHIP

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
