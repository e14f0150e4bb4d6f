"""Source text that programs are made of. `{...}` is filled in by the writer."""

from __future__ import annotations

WALKS = 16
"""Walks that a program takes to find a thing before it gives up."""

HELD = '''
def _held(bot, *items):
    """How many of these items are held together."""
    inventory = bot.inventory()
    return sum(inventory.get(item, 0) for item in items)
'''

LOOK_FOR = f'''
def _look_for(bot, name):
    """Walk until a `name` is near."""
    for _ in range({WALKS}):
        if bot.find(name) is not None:
            return
        bot.explore(until=name)
    raise LookupError(f"saw no {{name}} on {WALKS} walks")
'''

STAND_BY = '''
def _stand_by(bot, station):
    """Stand beside a `station`: the nearest in view, else the one held is placed."""
    place = bot.find(station)
    if place is None:
        place = bot.place(station)
    bot.goto(place, within=2)
'''

LEARN = '''
def _learn(bot, *items):
    """Craft what nobody has told how to come by: the error says what it takes."""
    for item in items:
        try:
            bot.craft(item)
        except PrimitiveError as error:
            print(error)
'''

EAT = '''
def _eat(bot, meals=4):
    """Eat what is held, until that is nothing or enough."""
    for _ in range(meals):
        try:
            print("ate", bot.eat())
        except PrimitiveError as error:
            print(error)
            break
'''

MAKE_ROOM = '''
def _make_room(bot, *items):
    """Place all that is held of these, so that their slots come free."""
    for item in items:
        try:
            for _ in range(bot.inventory().get(item, 0)):
                bot.place(item)
        except PrimitiveError as error:
            print(error)
            break
'''

DEPOSIT = '''
def _deposit(bot, place, items):
    """Put all of these items into the container at `place`."""
    for item in items:
        held = bot.inventory().get(item, 0)
        if held:
            bot.deposit(item, held, place)
'''

HELPERS = {
    "_held": HELD,
    "_look_for": LOOK_FOR,
    "_stand_by": STAND_BY,
    "_learn": LEARN,
    "_eat": EAT,
    "_make_room": MAKE_ROOM,
    "_deposit": DEPOSIT,
}
"""By name, in the order in which they stand in a program."""

LOOK_AROUND = '''
def look_around(bot, walks=4):
    """Walk about and tell what is there."""
    for _ in range(walks):
        bot.explore()
        print(bot.nearby())
'''
