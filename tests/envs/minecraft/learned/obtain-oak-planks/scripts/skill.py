def obtain_oak_planks(bot, count=4):
    """Hold at least `count` oak_planks."""
    bot.craft("oak_planks")
