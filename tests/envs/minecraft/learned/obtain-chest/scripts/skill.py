def _held(bot, *items):
    """How many of these items are held together."""
    inventory = bot.inventory()
    return sum(inventory.get(item, 0) for item in items)


def _stand_by(bot, station):
    """Stand beside a `station`: the nearest in view, else the one held is placed."""
    place = bot.find(station)
    if place is None:
        place = bot.place(station)
    bot.goto(place, within=2)


def _get_oak_planks(bot, count=1):
    """Hold at least `count` oak_planks, crafted from 1 oak_log."""
    for _ in range(count):
        if _held(bot, "oak_planks") >= count:
            break
        for _ in range(3):
            if _held(bot, "oak_log") < 1:
                obtain_oak_log(bot, count=1)
        bot.craft("oak_planks")


def obtain_chest(bot, count=1):
    """Hold at least `count` chest, crafted from 8 oak_planks or birch_planks or spruce_planks or acacia_planks at a crafting_table."""
    if _held(bot, "oak_log") < 1:
        obtain_oak_log(bot, count=1)
    for _ in range(count):
        if _held(bot, "chest") >= count:
            break
        for _ in range(3):
            if bot.find("crafting_table") is None:
                if _held(bot, "crafting_table") < 1:
                    obtain_crafting_table(bot, count=1)
            if _held(bot, "oak_planks", "birch_planks", "spruce_planks", "acacia_planks") < 8:
                _get_oak_planks(bot, count=8)
        _stand_by(bot, "crafting_table")
        bot.craft("chest")
