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
def _look_for(bot, name, walks, guard=None):
    """Walk until a `name` is near; whether it is. The longer that takes, the farther it walks straight on."""
    for turn in range(walks):
        if bot.find(name) is not None:
            return True
        if guard:
            guard()
        if turn % 4 < 3:
            bot.explore(until=name)
        else:
            place = bot.position()
            heading = ("north", "east", "south", "west")[int(place.x + place.z + turn) % 4]
            bot.explore(heading, distance=96, until=name)
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
    """Eat what is held, until that is nothing or enough; how many meals it was."""
    for meal in range(meals):
        try:
            print("ate", bot.eat())
        except PrimitiveError as error:
            print(error)
            return meal
    return meals
'''

HUNT = '''
def _hunt(bot, *prey, walks=8):
    """Walk until one of these is met, kill what is there of it, and eat what it leaves."""
    for _ in range(walks):
        near = [name for name in prey if bot.find(name) is not None]
        try:
            for name in near:
                bot.kill(name)
                for _ in range(3):
                    if bot.find(name) is not None:
                        bot.kill(name)
            if near:
                _eat(bot)
                break
        except PrimitiveError as error:
            print(error)
            break
        bot.explore(distance=24)
'''

GUARD = '''
def _guard(bot, *foes, left=[]):
    """Fight what is known to hurt and is in view, before work that takes a while; but what got away."""
    for foe in foes:
        try:
            for _ in range(3):
                if foe in left or bot.find(foe) is None:
                    break
                bot.kill(foe)
        except PrimitiveError as error:
            left.append(foe)
            print(error)
            break
'''

WEAR = '''
def _wear(bot, *items):
    """Put on what can be put on."""
    for item in items:
        if bot.inventory().get(item):
            print(item, "is in use:", bot.equip(item))
'''

REST = '''
def _rest(bot, *foes, spells=6):
    """Wait for wounds to heal, and fight what comes meanwhile."""
    for _ in range(spells):
        _guard(bot, *foes)
        bot.wait(100)
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

WALK_TO = '''
def _walk_to(bot, place, calls=12):
    """Go to a place in as many calls as that takes; where there is no way, by ways around."""
    for turn in range(calls):
        try:
            bot.goto(place, within=8)
            return
        except PrimitiveError as error:
            print(error)
            if "call again" not in str(error):
                if turn > 2:
                    raise
                bot.explore()
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
    "_hunt": HUNT,
    "_wear": WEAR,
    "_guard": GUARD,
    "_rest": REST,
    "_make_room": MAKE_ROOM,
    "_deposit": DEPOSIT,
    "_walk_to": WALK_TO,
}
"""By name, in the order in which they stand in a program."""

LOOK_AROUND = '''
def look_around(bot, walks=4):
    """Walk about and tell what is there."""
    for _ in range(walks):
        bot.explore()
        print(bot.nearby())
'''
