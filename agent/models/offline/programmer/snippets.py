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
    place = bot.find(name, 256) if bot.find(name) is None else None
    try:
        if place is not None:
            bot.goto(place, within=8)
    except PrimitiveError as error:
        print(error)
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
        said = bot.recipe(item) if hasattr(bot, "recipe") else ""
        if number == 16 or failed == most and not said:
            break
        try:
            if failed < most and (number < len(items) or not said):
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

STUDY = '''
def _study(bot, *items):
    """Have the world say what these take: it is remembered."""
    for item in items if hasattr(bot, "recipe") else ():
        bot.recipe(item)
'''

GATHER = '''
def _gather(bot, *needs):
    """Mine what is lacking of pairs of an item and a count, if the world says that it is to be mined."""
    for item, count in needs:
        said = bot.recipe(item) if _held(bot, item) < count and hasattr(bot, "recipe") else ""
        for block in re.findall(r"mining ([\\w:.-]*\\w)", said)[:1]:
            for _ in range(3 * count):
                if _held(bot, item) >= count or not _look_for(bot, block, walks=0):
                    break
                _take(bot, bot.mine, block)
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

FETCH = '''
def _fetch(bot, count, *items, far=96):
    """Take what is lacking of these items, so many in all, out of containers that are not too far away."""
    for box in bot.chests() if hasattr(bot, "chests") else []:
        here, place = bot.position(), box["position"]
        for item in items:
            lacking = min(count - _held(bot, *items), box["items"].get(item, 0))
            if lacking < 1 or abs(place.x - here.x) + abs(place.z - here.z) > far:
                continue
            try:
                bot.goto(place, within=2)
                bot.withdraw(item, lacking, place)
            except PrimitiveError as error:
                print(error)
                return
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
def _guard(bot, *foes, left=[], enough=80):
    """Fight what is known to hurt and is in view, but what got away; too weak for that, get away from it."""
    for foe in foes:
        place = bot.find(foe)
        if foe in left or place is None:
            continue
        body = bot.status() if hasattr(bot, "status") else {}
        try:
            if body.get("health", enough) * (body.get("damage", enough) + body.get("armor", 0) / 2) < enough:
                bot.explore("west" if place.x > bot.position().x else "east", distance=24)
                break
            bot.kill(foe)
        except PrimitiveError as error:
            left.append(foe)
            print(error)
            break
'''

WEAR = '''
def _wear(bot, *items):
    """Put on what can be put on, if it protects as well as what is worn there."""
    for item in items:
        if not bot.inventory().get(item):
            continue
        before = bot.status() if hasattr(bot, "status") else {}
        slot = bot.equip(item)
        worn = before.get("equipment", {}).get(slot)
        if worn and bot.status().get("armor", 0) < before.get("armor", 0):
            bot.equip(worn["item"])
        elif slot != "hand":
            print(item, "is worn:", slot)
'''

REST = '''
def _rest(bot, *foes, spells=15):
    """Wait for wounds to heal, as long as they do, and be on guard meanwhile."""
    before = 0
    for spell in range(spells):
        _guard(bot, *foes)
        health = bot.status()["health"] if hasattr(bot, "status") else 1 + spell
        if health > 17 or not spell % 5 and health <= before:
            break
        before = health if not spell % 5 else before
        bot.wait(40)
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

SPARE = '''
def _spare(bot, block, kept):
    """What to put away: all but the `block`, what is kept or worn, and the best weapon."""
    _wear(bot, *[item for item, count in bot.inventory().items() if count == 1])
    body = bot.status() if hasattr(bot, "status") else {}
    worn = [worn["item"] for slot, worn in body.get("equipment", {}).items() if slot != "hand"]
    return [item for item in bot.inventory() if item not in (block, body.get("weapon"), *kept, *worn)]
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
    "_gather": GATHER,
    "_stand_by": STAND_BY,
    "_put_down": PUT_DOWN,
    "_lacking": LACKING,
    "_learn": LEARN,
    "_study": STUDY,
    "_eat": EAT,
    "_fetch": FETCH,
    "_hunt": HUNT,
    "_guard": GUARD,
    "_rest": REST,
    "_make_room": MAKE_ROOM,
    "_wear": WEAR,
    "_spare": SPARE,
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
