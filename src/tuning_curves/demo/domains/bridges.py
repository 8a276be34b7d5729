"""Bridges: who built them, of what, and what became of them."""

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

BRIDGE = Domain(
    name="bridge",
    nouns=("bridge", "crossing", "bridge"),
    titles=("{place} Bridge", "{last} Bridge", "the Bridge of {place}"),
    slots={
        "opened": year(1790, 1925),
        "far": place(),
        "designer": person(),
        "quarry": place(),
        "stone": thing("granite", "sandstone", "limestone", "basalt", "red brick", "slate"),
        "span": measure(85, 940, 5, "metres"),
        "builder": person(),
        "begun": year(-9, -2, "opened"),
        "workers": count(60, 900, 10, "labourers"),
        "arches": count(3, 29, 1, "arches"),
        "flood": year(-40, -11, "opened"),
        "closed": year(30, 70, "opened"),
        "inspector": person(),
        "why": reason(
            "the piers had begun to sink",
            "frost had split the parapets",
            "heavy lorries had cracked the roadway",
            "the toll no longer paid for repairs",
            "a barge had struck the middle pier",
            "the railway had taken most of its traffic",
        ),
        "depot": place(),
        "lamps": thing("gas lamps", "iron railings", "tram rails", "stone lions", "toll booths"),
        "mayor": person(),
        "lit": year(8, 28, "opened"),
    },
    openings=(
        (
            "{name} links {home} with {far} and has carried traffic since {opened}",
            "opened in {opened}, {name} joins {home} to the market town of {far}",
            "since {opened} travellers between {home} and {far} have used {name}",
            "{name} was opened in {opened} to carry the road from {home} to {far}",
        ),
    ),
    bodies=(
        (
            "{it} was designed by {designer}, who chose {stone} from the pits at {quarry}",
            "the plans came from {designer}, and the {stone} was brought by cart from {quarry}",
            "{stone} cut at {quarry} was used throughout, as {designer} had asked in the drawings",
            "{designer} drew it in a single winter and insisted on {stone} from {quarry}",
        ),
        (
            "work had started in {begun} under {builder}, whose {workers} lived in tents",
            "{builder} won the contract and set {workers} to work in {begun}",
            "in {begun} the first pier was sunk by {workers} in the pay of {builder}",
            "some {workers} were hired in {begun} by the contractor, {builder}",
        ),
        (
            "{it} rests on {arches} and is {span} long",
            "with a length of {span}, {it} stands on {arches}",
            "its {arches} stretch over {span} of water and marsh",
            "from bank to bank it measures {span}, divided among {arches}",
        ),
        (
            "a wooden bridge on the same spot had been swept away in {flood}",
            "an earlier timber crossing was lost to high water in {flood}",
            "the flood of {flood} had destroyed its wooden forerunner",
            "until {flood} there had been a bridge of oak, which the river then carried off",
        ),
        (
            "its {lamps} were cast in {depot} and paid for by {mayor} in {lit}",
            "in {lit} {mayor} gave the {lamps}, which had been made in {depot}",
            "the {lamps}, a gift of {mayor}, arrived from {depot} in {lit}",
            "{mayor} had the {lamps} shipped from {depot} in {lit}",
        ),
    ),
    endings=(
        (
            "in {closed} {inspector} ordered {it} closed to carts because {why}",
            "{it} was shut in {closed} on the advice of {inspector}, because {why}",
            "because {why}, {inspector} had it closed in {closed}",
            "{inspector} closed it for two years from {closed}, because {why}",
        ),
    ),
    questions={
        "opened": (
            "When was {name} opened?",
            "In what year did {the} begin to carry traffic?",
            "Since when could people cross by {name}?",
            "In which year was the road over {name} ready for use?",
        ),
        "far": (
            "Which town does {name} connect with {home}?",
            "What place lies at the other end of the road from {home}?",
            "Where do travellers from {home} arrive by way of {name}?",
            "To which town was {the} built to lead?",
        ),
        "designer": (
            "Who designed {name}?",
            "Whose plans did the builders of {the} follow?",
            "Who was the architect of {name}?",
            "Who made the drawings for {the}?",
        ),
        "stone": (
            "What is {name} made of?",
            "Which material did {designer} want for {the}?",
            "What was brought from {quarry} for {the}?",
            "What kind of building material came from {quarry}?",
        ),
        "span": (
            "How long is {name}?",
            "What is the length of {the}?",
            "What distance does {name} cover from bank to bank?",
            "How far does {the} stretch?",
        ),
        "builder": (
            "Who was the contractor for {name}?",
            "Who employed the labourers in {begun}?",
            "Who was in charge of the construction work on {the}?",
            "Whose firm put up {name}?",
        ),
        "begun": (
            "When did the construction of {name} begin?",
            "In what year were labourers first employed on {the}?",
            "When did {builder} start building?",
            "In which year was the work on {name} taken up?",
        ),
        "arches": (
            "How many arches does {name} have?",
            "By how many arches is {the} carried?",
            "What is the number of arches in {name}?",
            "How many arches cross the water at {home}?",
        ),
        "closed": (
            "When was {name} closed?",
            "In what year did {inspector} act?",
            "When did {the} have to be shut?",
            "From which year was there no traffic on {name}?",
        ),
        "why": (
            "Why was {name} closed?",
            "What was the reason for shutting {the}?",
            "Why did {inspector} close {the}?",
            "What made it necessary to stop the traffic in {closed}?",
        ),
        "mayor": (
            "Who paid for the {lamps}?",
            "Who was the donor of the {lamps}?",
            "To whom does {name} owe its {lamps}?",
            "Whose gift were the {lamps}?",
        ),
    },
)
