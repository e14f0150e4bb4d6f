def _held(bot, *items):
    """How many of these items are held together."""
    inventory = bot.inventory()
    return sum(inventory.get(item, 0) for item in items)


def _look_for(bot, name):
    """Walk until a `name` is near."""
    for _ in range(16):
        if bot.find(name) is not None:
            return
        bot.explore(until=name)
    raise LookupError(f"saw no {name} on 16 walks")


def _stand_by(bot, station):
    """Stand beside a `station`: the nearest in view, else the one held is placed."""
    place = bot.find(station)
    if place is None:
        place = bot.place(station)
    bot.goto(place, within=2)


def _learn(bot, *items):
    """Craft what nobody has told how to come by: the error says what it takes."""
    for item in items:
        try:
            bot.craft(item)
        except PrimitiveError as error:
            print(error)


def _get_raw_iron(bot, count=1):
    """Hold at least `count` raw_iron, mined from iron_ore."""
    for _ in range(3 * count + 9):
        if _held(bot, "raw_iron") >= count:
            break
        _look_for(bot, "iron_ore")
        bot.mine("iron_ore")


def obtain_iron_ingot(bot, count=1):
    """Hold at least `count` iron_ingot, smelted from raw_iron at a furnace."""
    _learn(bot, "charcoal", "coal", "oak_boat")
    for _ in range(count):
        if _held(bot, "iron_ingot") >= count:
            break
        for _ in range(3):
            if bot.find("furnace") is None:
                if _held(bot, "furnace") < 1:
                    obtain_furnace(bot, count=1)
            if _held(bot, "raw_iron") < 1:
                _get_raw_iron(bot, count=1)
        _stand_by(bot, "furnace")
        bot.smelt("raw_iron")
