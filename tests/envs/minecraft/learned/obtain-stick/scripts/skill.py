def obtain_stick(bot, count=4):
    """Hold at least `count` stick."""
    bot.craft("stick")
