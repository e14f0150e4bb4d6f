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


def obtain_stone_pickaxe(bot, count=1):
    """Hold at least `count` stone_pickaxe, crafted from 3 cobblestone or cobbled_deepslate, 2 stick at a crafting_table."""
    for _ in range(count):
        if _held(bot, "stone_pickaxe") >= count:
            break
        for _ in range(3):
            if bot.find("crafting_table") is None:
                if _held(bot, "crafting_table") < 1:
                    obtain_crafting_table(bot, count=1)
            if _held(bot, "cobblestone", "cobbled_deepslate") < 3:
                obtain_cobblestone(bot, count=3)
            if _held(bot, "stick") < 2:
                obtain_stick(bot, count=2)
        _stand_by(bot, "crafting_table")
        bot.craft("stone_pickaxe")
