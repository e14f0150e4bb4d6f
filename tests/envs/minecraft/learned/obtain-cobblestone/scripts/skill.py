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


def obtain_cobblestone(bot, count=1):
    """Hold at least `count` cobblestone, mined from stone."""
    for _ in range(3 * count + 9):
        if _held(bot, "cobblestone") >= count:
            break
        _look_for(bot, "stone")
        bot.mine("stone")
