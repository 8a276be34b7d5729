"""Ships: yards, captains, voyages and wrecks."""

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

SHIP = Domain(
    name="ship",
    nouns=("ship", "vessel", "steamer"),
    titles=("the {place}", "the Star of {place}", "the Lady {last}", "the Pride of {place}"),
    slots={
        "launched": date(1850, 1925),
        "kind": thing("mail steamer", "grain ship", "ferry", "survey ship", "whaler", "tanker"),
        "yard": person(),
        "length": measure(38, 168, 1, "metres"),
        "speed": measure(7, 29, 1, "knots"),
        "engine": place(),
        "owner": person(),
        "route_from": place(),
        "route_to": place(),
        "captain": person(),
        "voyage": year(2, 12, "launched"),
        "crew": count(14, 220, 1, "sailors"),
        "cargo": thing("wool", "copper ore", "tea", "salted fish", "timber", "oranges", "coal"),
        "refit": year(13, 20, "launched"),
        "dock": place(),
        "engineer": person(),
        "lost": year(21, 45, "launched"),
        "rock": place(),
        "why": reason(
            "the lighthouse was dark that night",
            "the helmsman misread the chart",
            "ice had jammed the rudder",
            "the pumps had failed",
            "the compass was out by two points",
            "the cargo had shifted in the storm",
        ),
    },
    openings=(
        (
            "{name}, {a:kind}, was launched at {home} on {launched} for {owner}",
            "on {launched} {name} left the slip at {home}; {owner} had ordered it as {a:kind}",
            "{owner} had {name} built at {home} as {a:kind}, and it was launched on {launched}",
            "built at {home} for {owner}, {name} entered the water on {launched} as {a:kind}",
        ),
    ),
    bodies=(
        (
            "the shipwright {yard} gave it a length of {length} and engines from {engine}",
            "with engines made in {engine}, {it} was {length} long; its hull was by {yard}",
            "{yard} had drawn a hull of {length}, while the engines were supplied by {engine}",
            "from {engine} came the engines, and from {yard} the lines of a hull {length} long",
        ),
        (
            "under captain {captain} {it} sailed from {route_from} to {route_to} in {voyage}",
            "in {voyage} {captain} took it to {route_to}, starting from {route_from}",
            "its longest voyage, in {voyage}, led from {route_from} to {route_to} with {captain}"
            " in command",
            "{captain} commanded it in {voyage}, when it left {route_from} bound for {route_to}",
        ),
        (
            "{it} was worked by {crew} and mostly carried {cargo}",
            "{cargo} filled the hold, and {crew} lived on board",
            "there were {crew} on board to look after the {cargo}",
            "its usual load was {cargo}, handled by {crew}",
        ),
        (
            "after a refit in {refit} at {dock}, led by {engineer}, it could make {speed}",
            "{engineer} rebuilt it at {dock} in {refit}, which raised its speed to {speed}",
            "a speed of {speed} was reached once {engineer} had fitted new boilers at {dock} in"
            " {refit}",
            "in {refit} it went into dock at {dock}, and {engineer} brought it up to {speed}",
        ),
    ),
    endings=(
        (
            "{it} was wrecked near {rock} in {lost} because {why}",
            "because {why}, it ran aground off {rock} in {lost}",
            "in {lost} {it} struck the rocks of {rock}, because {why}",
            "its career ended off {rock} in {lost}, because {why}",
        ),
    ),
    questions={
        "launched": (
            "When was {name} launched?",
            "On what date did {the} enter the water?",
            "On which day did {name} leave the slip?",
            "What is the launch date of {the}?",
        ),
        "kind": (
            "What kind of ship was {name}?",
            "What type of vessel did {owner} order?",
            "As what was {name} built?",
            "What was {the} meant to be?",
        ),
        "length": (
            "How long was {name}?",
            "What was the length of {the}?",
            "What did the hull measure?",
            "How big was the hull that {yard} drew?",
        ),
        "speed": (
            "How fast was {name}?",
            "What speed could {the} make?",
            "How quickly did {name} travel after the refit?",
            "What did {the} reach with its new boilers?",
        ),
        "owner": (
            "Who ordered {name}?",
            "For whom was {the} built?",
            "Who was the owner of {name}?",
            "To whom did {the} belong when it was launched?",
        ),
        "route_to": (
            "Where did {name} sail in {voyage}?",
            "What was the destination of {captain}?",
            "Where did the long voyage end?",
            "To which port was {the} bound?",
        ),
        "captain": (
            "Who was the captain of {name}?",
            "Who commanded {the} in {voyage}?",
            "Under whom did {name} go to {route_to}?",
            "Which officer was on the bridge in {voyage}?",
        ),
        "crew": (
            "How many sailors worked on {name}?",
            "How large was the crew of {the}?",
            "How many hands did {name} need?",
            "What was the number of men on board?",
        ),
        "cargo": (
            "What did {name} carry?",
            "What was the usual cargo of {the}?",
            "What was loaded on {name}?",
            "Which goods were in the hold?",
        ),
        "engineer": (
            "Who refitted {name}?",
            "Who made {the} faster?",
            "Which engineer rebuilt {name}?",
            "Under whose direction was {the} changed?",
        ),
        "lost": (
            "When was {name} lost?",
            "In what year did {the} run aground?",
            "When did the career of {name} end?",
            "What was the year of the wreck?",
        ),
        "why": (
            "Why was {name} lost?",
            "What caused the wreck of {the}?",
            "Why did {the} come to grief near {rock}?",
            "How did it come to the wreck of {lost}?",
        ),
    },
)
