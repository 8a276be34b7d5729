"""Plants: who described them, where they grow, what they are good for."""

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

PLANT = Domain(
    name="plant",
    nouns=("plant", "species", "plant"),
    titles=(
        "the {place} lily",
        "the {place} thistle",
        "the {last} orchid",
        "the {home} violet",
        "the {place} fern",
        "the {last} heath",
    ),
    slots={
        "described": year(1760, 1900),
        "botanist": person(),
        "height": measure(4, 180, 1, "centimetres"),
        "colour": thing("pale yellow", "deep violet", "white", "scarlet", "pink", "dark blue"),
        "altitude": measure(350, 2900, 10, "metres"),
        "rock": thing("chalk", "wet peat", "old lava", "river gravel", "clay", "loose slate"),
        "second": place(),
        "pollinator": thing(
            "hawk moths",
            "bumble bees",
            "small bats",
            "hover flies",
            "carrion beetles",
            "honey bees",
            "ants",
        ),
        "finder": person(),
        "refound": year(60, 79, "described"),
        "use": thing(
            "a yellow dye",
            "a cough syrup",
            "a bitter tea",
            "rope",
            "lamp oil",
            "a lip balm",
            "a wax for boots",
        ),
        "market": place(),
        "healer": person(),
        "counted": date(85, 99, "described"),
        "number": count(140, 9700, 10, "plants"),
        "warden": person(),
        "reserve": place(),
        "protected": year(100, 110, "described"),
        "garden": place(),
        "sown": year(25, 45, "described"),
        "gardener": person(),
        "why": reason(
            "sheep ate the young shoots",
            "collectors dug up the bulbs",
            "the meadows were drained",
            "a dam flooded the valley",
            "spruce covered the slopes",
            "the quarry was extended",
        ),
    },
    openings=(
        (
            "{name}, first described by {botanist} in {described}, grows on {rock} around {home}",
            "on the {rock} near {home} grows {name}, which {botanist} described in {described}",
            "in {described} {botanist} published a description of {name}, a plant that grows on"
            " {rock} near {home}",
            "{name} is found on {rock} in the hills of {home} and owes its description to"
            " {botanist}, who published it in {described}",
        ),
    ),
    bodies=(
        (
            "it reaches {height} in height and bears {colour} flowers visited by {pollinator}",
            "{pollinator} come to its {colour} flowers, which stand on stems of {height}",
            "at most {height} tall, it opens {colour} flowers at dusk to attract {pollinator}",
            "the flowers are {colour}, the stem grows to {height}, and {pollinator} carry the"
            " pollen",
        ),
        (
            "thought extinct, it was seen again by {finder} near {second} in {refound}",
            "in {refound} {finder} came upon it at {second}, after it had been given up for lost",
            "it had not been seen for decades when {finder} met it at {second} in {refound}",
            "a walker, {finder}, noticed it beside the road to {second} in {refound}",
        ),
        (
            "{healer} of {market} used the root to make {use}",
            "in {market} the root was turned into {use}, by a recipe of {healer}",
            "the root yields {use}, which {healer} used to sell in {market}",
            "a recipe by {healer} from {market} tells how to make {use} from its root",
        ),
        (
            "a survey on {counted}, led by {warden}, found {number} above {altitude}",
            "on {counted} {warden} counted {number}, none of them below {altitude}",
            "{warden} and some students counted {number} above {altitude} on {counted}",
            "no more than {number} were left on {counted}, when {warden} searched the slopes above"
            " {altitude}",
        ),
        (
            "{gardener} raised it from seed at {garden} in {sown}",
            "in {sown} seed was sown at {garden} by {gardener}, and some of it came up",
            "it has been grown at {garden} since {sown}, when {gardener} received a packet of seed",
            "at {garden} {gardener} brought it to flower in {sown}",
        ),
    ),
    endings=(
        (
            "in {protected} a reserve was set up at {reserve}, because {why}",
            "because {why}, it has been protected at {reserve} since {protected}",
            "it became rare because {why}, and in {protected} a reserve was fenced at {reserve}",
            "a law of {protected} protects it at {reserve}, because {why}",
        ),
    ),
    questions={
        "described": (
            "When was {name} described?",
            "In what year did science learn of {name}?",
            "When did {botanist} publish a description?",
            "In which year did {the} enter the books of botany?",
        ),
        "botanist": (
            "Who described {name}?",
            "Which botanist first wrote about {the}?",
            "Through whom did science get to know {name}?",
            "Who wrote the first description?",
        ),
        "height": (
            "How tall is {name}?",
            "What is the height of {the}?",
            "To what size does {name} grow?",
            "How long is the stem?",
        ),
        "colour": (
            "What colour are the flowers of {name}?",
            "What do the blossoms look like?",
            "Which colour attracts the {pollinator}?",
            "In what colour does {the} bloom?",
        ),
        "second": (
            "Where was {name} seen again?",
            "Near which place did {finder} see {the}?",
            "Where was the lost plant rediscovered?",
            "What town was {finder} near?",
        ),
        "finder": (
            "Who rediscovered {name}?",
            "Who met with {the} in {refound}?",
            "Who proved that {name} was not extinct?",
            "Who was lucky near {second}?",
        ),
        "use": (
            "What was made from the root?",
            "Which product did {healer} make?",
            "What is {name} good for?",
            "What did people in {market} get from {the}?",
        ),
        "number": (
            "How many plants did {warden} count?",
            "How many plants were left?",
            "How common was {name} on {counted}?",
            "What was the result of the survey?",
        ),
        "warden": (
            "Who counted the plants?",
            "Who was at the head of the survey?",
            "Who searched the slopes for {name}?",
            "By whom was the number established?",
        ),
        "protected": (
            "When was {name} protected?",
            "In what year was the reserve set up?",
            "Since when does {the} enjoy protection?",
            "When did {reserve} get a reserve?",
        ),
        "gardener": (
            "Who raised {name} from seed?",
            "Who grew {the} at {garden}?",
            "Which gardener got hold of the seed?",
            "Who worked with seed in {sown}?",
        ),
        "why": (
            "Why did {name} need protection?",
            "What threatened {the}?",
            "Why was a reserve set up?",
            "What was the danger for {the} before {protected}?",
        ),
    },
)
