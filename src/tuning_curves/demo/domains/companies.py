"""Companies: founders, goods, factories and their sale."""

from tuning_curves.demo.domain import Domain
from tuning_curves.demo.values import (
    count,
    measure,
    person,
    place,
    reason,
    thing,
    year,
)

COMPANY = Domain(
    name="company",
    nouns=("company", "firm", "business"),
    titles=("{last} & Sons", "{last} Brothers", "{place} Works", "{last} and Company"),
    slots={
        "founded": year(1820, 1930),
        "founder": person(),
        "first": thing(
            "bicycle lamps",
            "church bells",
            "fishing nets",
            "enamel pots",
            "leather gloves",
            "writing paper",
            "oil stoves",
        ),
        "later": thing(
            "sewing machines",
            "railway signals",
            "typewriters",
            "marine compasses",
            "piano strings",
            "weighing scales",
            "milk churns",
        ),
        "moved": year(3, 14, "founded"),
        "site": place(),
        "staff": count(120, 2400, 10, "workers"),
        "chemist": person(),
        "patent": year(15, 24, "founded"),
        "rival": place(),
        "output": measure(200, 9500, 50, "tonnes"),
        "branch": place(),
        "manager": person(),
        "expanded": year(25, 34, "founded"),
        "sold": year(40, 70, "founded"),
        "buyer": person(),
        "why": reason(
            "a fire had ruined its main hall",
            "cheaper goods had flooded the market",
            "the heirs could not agree",
            "its chief customer had gone bankrupt",
            "a strike had lasted all winter",
            "the price of copper had doubled",
        ),
    },
    openings=(
        (
            "{name} was set up in {home} in {founded} by {founder} to make {first}",
            "in {founded} {founder} started {name}, a maker of {first}, in a yard in {home}",
            "{founder} founded {name} at {home} in {founded}, at first to produce {first}",
            "the {home} firm {name}, known for its {first}, goes back to {founder}, who began in"
            " {founded}",
        ),
    ),
    bodies=(
        (
            "{it} moved to a larger site at {site} in {moved}, where {staff} were soon employed",
            "by {moved} it had left for {site}, and the payroll had grown to {staff}",
            "after its move to {site} in {moved}, it gave work to {staff}",
            "a new plant at {site}, finished in {moved}, offered room for {staff}",
        ),
        (
            "the chemist {chemist} came from {rival} and patented a varnish for it in {patent}",
            "in {patent} a patent was granted to {chemist}, whom it had hired away from {rival}",
            "its best known patent, taken out in {patent}, was the work of {chemist} from {rival}",
            "{chemist}, a chemist trained in {rival}, secured its first patent in {patent}",
        ),
        (
            "under {manager} {it} turned to {later} and opened a branch in {branch} in {expanded}",
            "{manager} added {later} to the catalogue and, in {expanded}, a branch in {branch}",
            "in {expanded} a second factory followed in {branch}, where {manager} had {later} made",
            "the branch in {branch}, which dates from {expanded}, was run by {manager} and made"
            " {later}",
        ),
        (
            "in a good year {it} shipped {output} of goods",
            "its yearly output reached {output}",
            "at its height {it} turned out {output} a year",
            "no less than {output} left its gates every year",
        ),
    ),
    endings=(
        (
            "it was sold to {buyer} in {sold} because {why}",
            "in {sold} the owners sold out to {buyer}, because {why}",
            "because {why}, {buyer} was able to buy it cheaply in {sold}",
            "{buyer} took {it} over in {sold}, because {why}",
        ),
    ),
    questions={
        "founded": (
            "When was {name} founded?",
            "In what year did {founder} go into business?",
            "What is the year of origin of {name}?",
            "When did the making of {first} in {home} begin?",
        ),
        "founder": (
            "Who founded {name}?",
            "Whose idea was {the} in {home}?",
            "Who was the first owner of {name}?",
            "By whom was {the} established?",
        ),
        "first": (
            "What did {name} make at first?",
            "What was the original product of {the}?",
            "With which goods did {founder} begin?",
            "What left the workshop in {home} in the early days?",
        ),
        "site": (
            "Where did {name} move?",
            "At which place did {the} find more room?",
            "What was the new address of {the} from {moved}?",
            "Where were the {staff} employed?",
        ),
        "staff": (
            "How many workers did {name} employ?",
            "How large was the staff at {site}?",
            "How many people earned their living at {site}?",
            "What was the number of hands after the move?",
        ),
        "chemist": (
            "Who obtained a patent for {name}?",
            "Who was hired from {rival}?",
            "Which chemist worked for {the}?",
            "Whose invention was protected in {patent}?",
        ),
        "output": (
            "How much did {name} ship in a year?",
            "What was the yearly output of {the}?",
            "What weight of goods did {the} produce every year?",
            "How much was made at {name} at its height?",
        ),
        "manager": (
            "Who was in charge of the branch in {branch}?",
            "Who introduced the {later}?",
            "Who ran {the} when it turned to {later}?",
            "Under whom did {name} expand?",
        ),
        "sold": (
            "When was {name} sold?",
            "In what year did {buyer} acquire {the}?",
            "When did {the} pass into other hands?",
            "In which year did the owners give up {name}?",
        ),
        "buyer": (
            "Who bought {name}?",
            "To whom was {the} sold?",
            "Who was the new owner of {name}?",
            "Into whose hands did {the} pass?",
        ),
        "why": (
            "Why was {name} sold?",
            "For what reason did the owners give up {the}?",
            "What led to the sale of {name}?",
            "Why could {buyer} acquire {the}?",
        ),
    },
)
