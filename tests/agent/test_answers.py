"""What of all that the world said goes with a question or a choice."""

from fieldcraft.agent.roles.questions import on_each

SAID = [
    "cannot craft saw: need 3 pearl (have 0), 2 stick",
    "cannot craft bow: need 1 stick",
    "cannot craft fan: need 1 pearl",
    "cannot craft rod: need 4 stick",
    "cannot craft hat: need 5 wool",
]


def test_the_latest_on_each_name_comes_first_and_the_rarest_name_before_others() -> None:
    assert on_each(["stick", "pearl"], SAID, 2) == [SAID[2], SAID[3]]
    assert on_each(["stick", "pearl"], SAID, 9) == [SAID[2], SAID[3], SAID[0], SAID[1]]


def test_names_that_nothing_was_said_on_and_parts_of_names_find_nothing() -> None:
    assert on_each(["stone", "pea"], SAID, 9) == []
    assert on_each([], SAID, 9) == []
