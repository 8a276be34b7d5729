"""Museums: collections, gifts, thefts."""

from tuning_curves.demo.domain import Domain
from tuning_curves.demo.values import (
    count,
    date,
    person,
    place,
    reason,
    thing,
    year,
)

MUSEUM = Domain(
    name="museum",
    nouns=("museum", "collection", "museum"),
    titles=("the {last} Museum", "the {home} Museum", "the {last} Collection"),
    slots={
        "opened": date(1850, 1935),
        "house": thing(
            "corn exchange",
            "granary",
            "convent",
            "customs house",
            "brewery",
            "cavalry barracks",
            "girls' school",
        ),
        "collector": person(),
        "theme": thing(
            "clocks",
            "glass",
            "maps",
            "shells",
            "musical boxes",
            "coins",
            "fossils",
            "lace",
            "puppets",
        ),
        "pieces": count(300, 14500, 50, "objects"),
        "travels": place(),
        "prize": thing(
            "a silver globe",
            "a walnut harpsichord",
            "a bronze owl",
            "an ivory chess set",
            "a copper astrolabe",
            "an embroidered sail",
            "a jade seal",
        ),
        "origin": place(),
        "donor": person(),
        "given": year(5, 14, "opened"),
        "stolen": year(20, 34, "opened"),
        "thief": person(),
        "found": place(),
        "visitors": count(4000, 96000, 500, "visitors"),
        "architect": person(),
        "wing": year(36, 50, "opened"),
        "shut": year(55, 69, "opened"),
        "store": place(),
        "why": reason(
            "the roof let in the rain",
            "moths had got into the cabinets",
            "the town had run out of money",
            "the floors could not bear the weight",
            "the army needed the building",
        ),
    },
    openings=(
        (
            "{name} in {home} opened on {opened} in a former {house} and is devoted to {theme}",
            "on {opened} {name}, which is given over to {theme}, opened in the old {house} of"
            " {home}",
            "visitors to {home} find {name}, opened on {opened}, in what was once {a:house}; it"
            " shows {theme}",
            "{name}, which shows {theme}, has occupied a disused {house} in {home} since {opened}",
        ),
    ),
    bodies=(
        (
            "its core is the {pieces} that {collector} gathered on journeys to {travels}",
            "{collector}, a merchant who traded with {travels}, left it {pieces}",
            "most of the {pieces} had belonged to {collector}, who bought them in {travels}",
            "during long stays in {travels} {collector} had put together {pieces} for it",
        ),
        (
            "the finest piece, {prize} from {origin}, was given by {donor} in {given}",
            "in {given} {donor} presented {the} with {prize} made in {origin}",
            "{donor} added {prize} in {given}; it had been found in a cellar in {origin}",
            "its pride is {prize}, made in {origin}, and a gift of {donor} in {given}",
        ),
        (
            "a theft in {stolen} was traced to {thief}, and the loot turned up in {found}",
            "in {stolen} {thief} broke in by night, but was caught in {found}",
            "what {thief} stole in {stolen} was recovered at a market in {found}",
            "police in {found} arrested {thief} for the burglary of {stolen}",
        ),
        (
            "{architect} added a wing in {wing}, after which {visitors} came each year",
            "in {wing} a new wing was built by {architect}, with room for {visitors} a year",
            "{it} drew {visitors} a year once {architect} had enlarged it in {wing}",
            "the north wing of {wing}, by {architect}, was meant to hold {visitors} a year",
        ),
    ),
    endings=(
        (
            "it closed in {shut} because {why}, and its cases were sent to {store}",
            "because {why}, everything was packed off to {store} in {shut}",
            "in {shut} the rooms were emptied, because {why}, and the cases went to {store}",
            "the cases have been in {store} since {shut}, because {why}",
        ),
    ),
    questions={
        "opened": (
            "When did {name} open?",
            "On what date could the public first enter {the}?",
            "On which day was {name} opened?",
            "What was the first day of {the} in {home}?",
        ),
        "collector": (
            "Who gathered the objects?",
            "From whom did {name} get most of its pieces?",
            "Whose journeys to {travels} laid the ground for {the}?",
            "Who brought together the core of {name}?",
        ),
        "theme": (
            "What is {name} devoted to?",
            "What can be seen at {name}?",
            "Which kind of objects does {the} show?",
            "What is the subject of {the} in {home}?",
        ),
        "pieces": (
            "How many objects did {collector} leave?",
            "How large was the collection of {collector}?",
            "How many things were bought in {travels}?",
            "What was the number of pieces at the core of {name}?",
        ),
        "prize": (
            "What did {donor} give to {name}?",
            "What is the finest piece of {the}?",
            "Which object came from {origin}?",
            "What did {the} receive in {given}?",
        ),
        "donor": (
            "Who gave {prize} to {name}?",
            "Who owned {prize} before?",
            "To whom does {the} owe its finest piece?",
            "Which giver is remembered for {prize}?",
        ),
        "stolen": (
            "When was {name} robbed?",
            "In what year did {thief} commit the crime?",
            "When did the burglary take place?",
            "In which year was something stolen from {the}?",
        ),
        "thief": (
            "Who robbed {name}?",
            "Who was the burglar?",
            "Who carried off things from {the} by night?",
            "Which criminal was connected with {found}?",
        ),
        "architect": (
            "Who built the new wing?",
            "Who enlarged {name}?",
            "Which architect worked for {the}?",
            "By whom was the extension designed?",
        ),
        "shut": (
            "When did {name} close?",
            "In what year were the rooms cleared?",
            "When were the cases sent away?",
            "In which year did {the} shut its doors?",
        ),
        "why": (
            "Why did {name} close?",
            "Why were the rooms emptied?",
            "What was the cause of the closure in {shut}?",
            "For what reason did everything go to {store}?",
        ),
    },
)
