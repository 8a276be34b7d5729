"""Inventions: makers, trials, buyers, and why they were given up."""

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

INVENTION = Domain(
    name="invention",
    nouns=("machine", "device", "invention"),
    titles=(
        "the {last} pump",
        "the {last} drill",
        "the {last} hoist",
        "the {last} engine",
        "the {last} crusher",
        "the {last} winch",
    ),
    slots={
        "built": year(1780, 1925),
        "inventor": person(),
        "job": thing("clockmaker", "miller", "blacksmith", "pharmacist", "organ builder", "priest"),
        "power": thing(
            "steam",
            "a water wheel",
            "compressed air",
            "a coal fire",
            "clockwork",
            "a pair of oxen",
            "a windmill",
        ),
        "weight": measure(35, 960, 5, "kilograms"),
        "shown": date(2, 7, "built"),
        "fair": place(),
        "judge": person(),
        "prize": thing(
            "a gold medal", "a silver cup", "a diploma", "a purse of coins", "a bronze wreath"
        ),
        "first_user": person(),
        "mine": place(),
        "saved": count(6, 64, 1, "hands"),
        "used": year(8, 14, "built"),
        "improver": person(),
        "school": place(),
        "improved": year(15, 29, "built"),
        "part": thing(
            "the valve",
            "the wooden frame",
            "the leather belt",
            "the drive shaft",
            "the brass nozzle",
            "the flywheel",
        ),
        "made": count(70, 5200, 10, "copies"),
        "factory": place(),
        "stopped": year(35, 60, "built"),
        "museum": place(),
        "why": reason(
            "electric motors were cheaper",
            "spare parts could no longer be had",
            "two workers had been hurt",
            "the patent had run out",
            "it used too much oil",
            "the noise drove neighbours to court",
        ),
    },
    openings=(
        (
            "{name} was built in {home} in {built} by {inventor}, {a:job}, and was driven by"
            " {power}",
            "driven by {power}, {name} was the work of {inventor}, {a:job} in {home}, who built it"
            " in {built}",
            "in {built} {inventor}, {a:job} from {home}, built {name}, which ran on {power}",
            "{inventor}, who was {a:job} in {home}, finished {name} in {built}; it got its power"
            " from {power}",
        ),
    ),
    bodies=(
        (
            "shown at the fair of {fair} on {shown}, it won {prize} from a jury under {judge}",
            "on {shown} {judge} awarded it {prize} at the fair of {fair}",
            "at {fair} it was tried in public on {shown}, and {judge} handed over {prize}",
            "{judge}, who saw it run at {fair} on {shown}, put it down for {prize}",
        ),
        (
            "{first_user} bought the first one for a mine at {mine} in {used}, where it replaced"
            " {saved}",
            "from {used} it did the work of {saved} at {mine}, in a pit owned by {first_user}",
            "in {used} {saved} lost their places at {mine} when {first_user} took it into use",
            "{first_user} was the first buyer: it saved {saved} at {mine} from {used} on",
        ),
        (
            "{improver}, who taught in {school}, changed {part} in {improved}",
            "in {improved} {part} was replaced on the advice of {improver} of {school}",
            "a student in {school}, {improver}, found a fault in {part} in {improved}",
            "{part} was given a new shape in {improved} by {improver} from {school}",
        ),
        (
            "with a weight of {weight}, it could be moved by cart; {made} were made in {factory}",
            "a works in {factory} turned out {made}, each of which weighed {weight}",
            "{made} of it, at {weight} apiece, left the works in {factory}",
            "it weighed {weight}, and a factory in {factory} sold {made}",
        ),
    ),
    endings=(
        (
            "it fell out of use in {stopped} because {why}; one is kept in {museum}",
            "because {why}, the last one was stopped in {stopped} and taken to {museum}",
            "in {stopped} it was given up, because {why}, and a single one survives in {museum}",
            "the only one left stands in {museum}; the rest were scrapped in {stopped} because"
            " {why}",
        ),
    ),
    questions={
        "built": (
            "When was {name} built?",
            "In what year did {inventor} finish {the}?",
            "What year does {name} date from?",
            "When did {inventor} come up with {the}?",
        ),
        "inventor": (
            "Who invented {name}?",
            "Who was the maker of {the}?",
            "Whose work was {name}?",
            "By whom was {the} thought up in {home}?",
        ),
        "power": (
            "What drove {name}?",
            "What was the source of power of {the}?",
            "By what was {name} kept in motion?",
            "What did {the} need in order to run?",
        ),
        "weight": (
            "How heavy was {name}?",
            "What was the weight of {the}?",
            "How much did {name} weigh?",
            "What did the scales show for {the}?",
        ),
        "fair": (
            "Where was {name} shown?",
            "At which fair did {the} win a prize?",
            "Where did {judge} see {name}?",
            "In what town was the public trial held?",
        ),
        "prize": (
            "What did {name} win?",
            "What was the award for {the}?",
            "What did {judge} give?",
            "Which honour did {the} gain at {fair}?",
        ),
        "first_user": (
            "Who was the first to use {name}?",
            "Who owned the mine?",
            "Who bought {the}?",
            "Which owner saved wages by means of {name}?",
        ),
        "mine": (
            "Where was {name} first used?",
            "In which place was the mine?",
            "Where did {first_user} put {the} to work?",
            "Where did people lose their work?",
        ),
        "improver": (
            "Who improved {name}?",
            "Who found something wrong with {the}?",
            "Whose idea was it to change {part}?",
            "Who altered {part}?",
        ),
        "made": (
            "How many copies of {name} were made?",
            "How many were sold?",
            "How large was the production of {the}?",
            "How many machines came out of {factory}?",
        ),
        "factory": (
            "Where was {name} manufactured?",
            "In which town was the factory?",
            "Where were the copies produced?",
            "What place turned out {the} in numbers?",
        ),
        "stopped": (
            "When did {name} fall out of use?",
            "In what year was {the} given up?",
            "When was the last one stopped?",
            "Until when was {the} in service?",
        ),
        "why": (
            "Why was {name} given up?",
            "What put an end to the use of {the}?",
            "Why did {the} disappear?",
            "What spoke against {the} in {stopped}?",
        ),
    },
)
