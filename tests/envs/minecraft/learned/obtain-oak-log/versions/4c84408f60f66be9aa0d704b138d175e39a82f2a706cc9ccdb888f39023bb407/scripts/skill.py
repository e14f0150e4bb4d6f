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


def obtain_oak_log(bot, count=1):
    """Hold at least `count` oak_log, mined from oak_log."""
    for _ in range(3 * count + 9):
        if _held(bot, "oak_log") >= count:
            break
        _look_for(bot, "oak_log")
        bot.mine("oak_log")
