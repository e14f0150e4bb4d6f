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

LOOK_FOR = '''
def _look_for(bot, name, walks):
    """Walk until a `name` is near; whether it is."""
    for _ in range(walks):
        if bot.find(name) is not None:
            return True
        bot.explore(until=name)
    return bot.find(name) is not None
'''

STAND_BY = '''
def _stand_by(bot, station):
    """Stand beside a `station`: the nearest in view, else the one held is placed."""
    place = bot.find(station)
    if place is None:
        place = _put_down(bot, station)
    bot.goto(place, within=2)
'''

PUT_DOWN = '''
def _put_down(bot, block):
    """Place a held block; where there is no room beside the agent, a few steps on."""
    try:
        return bot.place(block)
    except PrimitiveError as error:
        if "no free tile" not in str(error):
            raise
    bot.explore(distance=12)
    return bot.place(block)
'''

LACKING = '''
def _lacking(bot, *needs):
    """Of pairs of an item and a count, the items of which less is held."""
    return [item for item, count in needs if _held(bot, item) < count]
'''

TAKE = '''
def _take(bot, primitive, name):
    """Mine or kill the nearest `name`; where that one is out of reach, walk on and look for another."""
    try:
        return primitive(name)
    except PrimitiveError as error:
        if "no way to reach" not in str(error):
            raise
        print(error)
    bot.explore()
    bot.explore(until=name)
    return primitive(name)
'''

LEARN = '''
def _learn(bot, *items, most=3):
    """Craft items whose recipe is unknown, and ask what they take, and what that takes in turn.

    Where the world answers no questions, its errors say it.
    """
    queue, failed = list(items), 0
    for number, item in enumerate(queue):
        if failed == most or number == 9:
            break
        said = bot.recipe(item) if hasattr(bot, "recipe") else ""
        try:
            if number < len(items) or not said:
                bot.craft(item)
        except PrimitiveError as error:
            failed += 1
            said = said or str(error)
        print(said)
        for names in re.findall(r"(?:need|,) \\d+ ([\\w:.-]*\\w)|need an? (\\S+) within", said):
            name = max(names)
            if name not in queue and not _held(bot, name):
                queue.append(name)
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
                bot.explore(distance=2)
        except PrimitiveError as error:
            print(error)
            break
'''

DEPOSIT = '''
def _deposit(bot, block, items):
    """Put all of these items into the nearest `block`; once it is full, into another one if held."""
    place = bot.find(block)
    for item in items:
        held = bot.inventory().get(item, 0)
        if not held or item == block:
            continue
        try:
            bot.deposit(item, held, place)
        except PrimitiveError as error:
            print(error)
            if not _held(bot, block):
                break
            place = _put_down(bot, block)
'''

HELPERS = {
    "_held": HELD,
    "_look_for": LOOK_FOR,
    "_take": TAKE,
    "_stand_by": STAND_BY,
    "_put_down": PUT_DOWN,
    "_lacking": LACKING,
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
