def _held(bot, *items):
    """How many of these items are held together."""
    inventory = bot.inventory()
    return sum(inventory.get(item, 0) for item in items)


def _get_oak_planks(bot, count=1):
    """Hold at least `count` oak_planks, crafted from 1 oak_log."""
    for _ in range(count):
        if _held(bot, "oak_planks") >= count:
            break
        for _ in range(3):
            if _held(bot, "oak_log") < 1:
                obtain_oak_log(bot, count=1)
        bot.craft("oak_planks")


def obtain_crafting_table(bot, count=1):
    """Hold at least `count` crafting_table, crafted from 4 oak_planks or birch_planks or spruce_planks or acacia_planks."""
    if _held(bot, "oak_log") < 1:
        obtain_oak_log(bot, count=1)
    for _ in range(count):
        if _held(bot, "crafting_table") >= count:
            break
        for _ in range(3):
            if _held(bot, "oak_planks", "birch_planks", "spruce_planks", "acacia_planks") < 4:
                _get_oak_planks(bot, count=4)
        bot.craft("crafting_table")
