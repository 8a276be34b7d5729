"""Observatories: telescopes, discoveries, directors."""

from tuning_curves.demo.domain import Domain
from tuning_curves.demo.values import (
    count,
    date,
    measure,
    person,
    place,
    reason,
    thing,
    year,
)

OBSERVATORY = Domain(
    name="observatory",
    nouns=("observatory", "station", "observatory"),
    titles=("the {place} Observatory", "the {last} Observatory", "{home} Observatory"),
    slots={
        "built": year(1830, 1930),
        "height": measure(420, 3150, 10, "metres"),
        "patron": person(),
        "lens": measure(22, 110, 1, "centimetres"),
        "maker": person(),
        "works": place(),
        "seen": date(4, 30, "built"),
        "observer": person(),
        "body": thing(
            "a faint comet",
            "a double star",
            "a ring nebula",
            "a minor planet",
            "a dying star",
            "a moon of Saturn",
        ),
        "plates": count(1200, 38000, 100, "photographic plates"),
        "archive": place(),
        "director": person(),
        "took": year(31, 39, "built"),
        "former": place(),
        "left": year(45, 70, "built"),
        "new": place(),
        "why": reason(
            "the lights of the town had become too bright",
            "smoke from the smelters dimmed the sky",
            "fog hid the stars on most nights",
            "trains shook the great telescope",
            "the road was blocked by snow for months",
        ),
    },
    openings=(
        (
            "{name} was built above {home} in {built} with money from {patron}",
            "{patron} paid for {name}, which was completed near {home} in {built}",
            "on a ridge over {home} stands {name}, a gift of {patron} dating from {built}",
            "in {built} the astronomers of {home} moved into {name}, for which {patron} had paid",
        ),
    ),
    bodies=(
        (
            "its main telescope has a lens {lens} wide, ground by {maker} in {works}",
            "{maker} of {works} supplied the great lens, which measures {lens} across",
            "from {works} came a lens of {lens}, the work of {maker}",
            "the optician {maker} spent three years in {works} on its lens of {lens}",
        ),
        (
            "on {seen} {observer} discovered {body} there",
            "{body} was first seen by {observer} on the night of {seen}",
            "its most famous find is {body}, which {observer} noticed on {seen}",
            "{observer} was alone in the dome when, on {seen}, {body} came into view",
        ),
        (
            "{director}, who had taught in {former}, became head of {the} in {took}",
            "in {took} the post of director went to {director}, a lecturer from {former}",
            "{director} was called from {former} in {took} to direct it",
            "from {took} it was led by {director}, until then a schoolteacher in {former}",
        ),
        (
            "some {plates} are kept in {archive} today",
            "its {plates} were later given to the library of {archive}",
            "a cellar in {archive} now holds its {plates}",
            "the astronomers left {plates}, which may be seen in {archive}",
        ),
        (
            "{it} lies {height} above the sea",
            "at {height} above sea level, {it} is reached by mule track only",
            "the dome stands at an altitude of {height}",
            "{it} was placed as high as {height} to escape the mist",
        ),
    ),
    endings=(
        (
            "the instruments were taken to {new} in {left} because {why}",
            "because {why}, the work was continued at {new} from {left}",
            "in {left} the staff left for {new}, because {why}",
            "{it} was given up in favour of {new} in {left}, because {why}",
        ),
    ),
    questions={
        "built": (
            "When was {name} built?",
            "In which year was {the} finished?",
            "Since when have astronomers worked above {home}?",
            "What year does {name} date from?",
        ),
        "height": (
            "How high above the sea is {name}?",
            "At what altitude was {the} placed?",
            "What is the elevation of {name}?",
            "How far above sea level did the astronomers work?",
        ),
        "patron": (
            "Who paid for {name}?",
            "Whose money made {the} possible?",
            "Who was the patron of {name}?",
            "By whom was the building of {the} financed?",
        ),
        "lens": (
            "How large is the lens of the telescope?",
            "What is the diameter of the glass made by {maker}?",
            "How wide is the main lens at {name}?",
            "What size was the lens that {maker} made?",
        ),
        "maker": (
            "Who made the lens of {name}?",
            "Which optician worked for {the}?",
            "Who ground the glass for the telescope?",
            "From whose workshop did the great lens come?",
        ),
        "seen": (
            "When was {body} discovered?",
            "On what date did {observer} make a discovery?",
            "On which night did {observer} see something new?",
            "What is the date of the best known discovery at {name}?",
        ),
        "observer": (
            "Who discovered {body}?",
            "Who made the famous find at {name}?",
            "Which astronomer was at the telescope on {seen}?",
            "By whom was {body} first observed?",
        ),
        "body": (
            "What did {observer} discover?",
            "What was found at {name} on {seen}?",
            "Which object is the best known find made at {the}?",
            "What did {observer} see in the sky?",
        ),
        "plates": (
            "How many photographic plates did {name} leave?",
            "How large is the collection of plates?",
            "What is the number of plates kept in {archive}?",
            "How many plates were made at {the}?",
        ),
        "director": (
            "Who became director of {name}?",
            "Who was in charge from {took}?",
            "Who came from {former} to lead {the}?",
            "Which teacher was put at the head of {name}?",
        ),
        "new": (
            "Where were the instruments taken?",
            "What place was chosen instead of {name}?",
            "Where did the astronomers go in {left}?",
            "At which site was the work carried on?",
        ),
        "why": (
            "Why was {name} given up?",
            "Why did the astronomers leave?",
            "What drove the staff away from {the}?",
            "For what reason was the work moved to {new}?",
        ),
    },
)
