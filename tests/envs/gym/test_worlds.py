"""An environment of Gymnasium is lived in as a world: primitives, score, episodes, snapshots, pictures."""

from __future__ import annotations

import gymnasium
import numpy as np
import odd_environments as odd
import pytest

from fieldcraft.envs import EpisodeEnded, PrimitiveError, ScoreGoal, from_gymnasium, make
from fieldcraft.envs.faults import faults_of


def world_of(factory=odd.Corridor, **settings):
    world = from_gymnasium(factory, name="corridor-v0", **settings)
    world.reset(seed=0)
    return world


def test_five_lines_are_enough():
    world = from_gymnasium(odd.Corridor, name="corridor")
    assert world.spec.id == "gym-corridor-v0"
    world.reset(seed=0)
    assert world.call_primitive("go_right")["changed"] is True


def test_each_action_with_a_meaning_is_a_primitive():
    assert list(world_of().primitives) == ["class_", "end_episode", "go_left", "go_right", "observe", "step"]


def test_names_of_the_user_go_first():
    names = ["back", "stay", "ahead"]
    assert set(world_of(actions=names).primitives) >= set(names)


def test_step_takes_a_name_or_a_number_and_repeats():
    world = world_of(odd.Endless)
    world.call_primitive("step", ("go_left", 3))
    assert world.call_primitive("step", (2, 2))["observation"] == [2, 5]
    assert world.tick == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("go_rihgt",), "did you mean 'go_right'"),
        ((7,), "action must be a whole number from 0 to 2 (got 7)"),
        ((2, 0), "times must be 1 to 10,000 (got 0)"),
    ],
)
def test_what_is_no_action_is_refused(arguments, told):
    with pytest.raises(PrimitiveError) as caught:
        world_of().call_primitive("step", arguments)
    assert told in str(caught.value)


def test_an_action_that_the_environment_ignores_changed_nothing():
    assert world_of().call_primitive("class_")["changed"] is False


def test_rewards_are_a_score_and_what_happened():
    world = world_of()
    done = world.call_primitive("go_right", (9,))
    assert done["reward"] == 1.0
    assert done["ended"] == f"terminated after {done['steps']} steps, score 1"
    assert world.observe().extra["score"].startswith("1 in this episode; best 1")
    assert [one.what for one in world.happenings()] == ["rewarded", "ended"]
    assert set(world.progress().milestones) == {"first_reward", "episode_terminated"}


def test_after_an_end_a_step_ends_the_program_until_the_next_episode():
    world = world_of()
    world.call_primitive("go_right", (9,))
    end = world.observe().ended
    assert end is not None and end.outcome == "terminated"
    with pytest.raises(EpisodeEnded, match=r"terminated \(after \d+ steps, score 1\)"):
        world.call_primitive("go_left")
    assert world.begin_episode(seed=0, number=2).extra["episode"] == "2, step 0 of at most 10,000"
    assert world.call_primitive("go_left")["ended"] is None


def test_a_score_can_be_a_goal():
    world = world_of()
    goal = ScoreGoal(at_least=1)
    assert not world.check(goal, world.progress()).met
    world.call_primitive("go_right", (9,))
    assert world.check(goal, world.progress()).met


def test_an_episode_that_is_given_up_is_counted():
    world = world_of()
    with pytest.raises(EpisodeEnded, match="abandoned after 0 steps"):
        world.call_primitive("end_episode")
    assert "mean 0 of 1 that ended" in world.observe().extra["score"]


def test_an_environment_without_an_end_is_truncated():
    world = world_of(odd.Endless, episode_steps=20)
    assert world.call_primitive("go_left", (100,))["ended"] == "truncated after 20 steps, score 0"


def test_wrappers_of_the_user_count():
    limited = gymnasium.wrappers.TimeLimit(odd.Endless(), 7)
    world = from_gymnasium(limited, name="limited-v0")
    world.reset(seed=0)
    assert world.call_primitive("go_left", (100,))["steps"] == 7


def test_episodes_begin_with_seeds_of_their_own_always_the_same():
    def starts(seed):
        world = world_of()
        world.reset(seed=seed)
        for number in range(2, 22):
            world.begin_episode(seed=seed, number=number)
            yield world.call_primitive("observe")["observation"][0]

    assert list(starts(1)) == list(starts(1))
    assert len(set(starts(1))) == 2
    assert list(starts(1)) != list(starts(2))


def test_a_snapshot_brings_the_episode_and_the_counts_back():
    world = world_of(odd.Endless)
    world.call_primitive("go_right", (3,))
    kept, seen = world.snapshot(), world.observe()
    world.call_primitive("go_left", (2,))
    world.begin_episode(seed=0, number=2)
    world.restore(kept)
    assert world.observe() == seen
    assert world.snapshot() == kept


def test_a_snapshot_is_restored_in_a_new_world():
    first, second = world_of(odd.Endless), world_of(odd.Endless)
    first.call_primitive("go_right", (3,))
    second.restore(first.snapshot())
    assert second.observe() == first.observe()


def test_a_snapshot_of_an_episode_that_cannot_be_repeated_is_refused_and_nothing_changes():
    other, world = world_of(lambda: odd.Endless(length=3)), world_of(odd.Endless)
    other.call_primitive("go_right", (4,))
    before = world.observe()
    with pytest.raises(ValueError, match="the same seed and actions gave another observation"):
        world.restore(other.snapshot())
    assert world.observe() == before


def test_the_users_own_state_is_kept_in_place_of_actions():
    world = world_of(
        odd.Endless,
        get_state=lambda env: {"at": env.at},
        set_state=lambda env, state: vars(env).update(state),
    )
    world.call_primitive("go_right", (3,))
    kept, seen = world.snapshot(), world.observe()
    world.call_primitive("go_left", (2,))
    world.restore(kept)
    assert world.observe() == seen
    assert world.call_primitive("go_right")["observation"] == [4, 5]


def test_a_slow_episode_is_kept_as_a_copy_too():
    world = world_of(odd.Slow)
    world.call_primitive("go_right", (30,))
    kept = world.snapshot()
    made = world._play.episode.environment
    world.restore(kept)
    assert world._play.episode.environment is not made
    assert world.call_primitive("go_left")["observation"] == [3, 5]


def test_copies_that_share_something_are_not_used():
    world = world_of(odd.SharedCopies)
    world.call_primitive("go_right", (30,))
    kept, seen = world.snapshot(), world.observe()
    world.call_primitive("go_right", (5,))
    world.restore(kept)
    assert world.observe() == seen
    assert world.call_primitive("go_right")["observation"][0] == 31


def test_without_repeatability_there_are_no_snapshots():
    assert not world_of(odd.Endless, repeatable=False).spec.can_snapshot


def test_a_picture_is_what_the_environment_draws():
    world = world_of(lambda: odd.Corridor(render_mode="rgb_array"))
    assert world.spec.can_render
    assert world.render().startswith(b"\x89PNG")


def test_without_a_render_mode_there_is_no_picture():
    assert not world_of().spec.can_render


def test_options_make_another_environment():
    world = world_of()
    world.reset(seed=0, options={"length": 9})
    assert world.call_primitive("observe")["observation"][1] == 9


def test_an_environment_that_is_made_takes_no_options():
    world = from_gymnasium(odd.Corridor(), name="made-v0")
    with pytest.raises(ValueError, match="give a function that makes it"):
        world.reset(seed=0, options={"length": 9})


def test_a_describer_of_the_user_replaces_the_built_in_one():
    world = world_of(describe=lambda seen: {"where": f"cell {seen[0]}"})
    assert world.observe().extra["where"].startswith("cell ")


def test_a_describer_that_fails_costs_only_itself():
    world = world_of(describe=lambda seen: seen["no"])
    assert world.observe().extra["observation"].startswith("[")
    assert any("cannot be described" in line for line in faults_of(world).unsaid())


def test_what_an_info_says_was_achieved_is_a_milestone():
    world = world_of(odd.ManyParts, achieved=lambda info: ["noted"] if info.get("note") else [])
    action = {"turn": [0.5, 0], "gear": [2, 1], "lamps": [1, 0], "say": "hi", "pair": [1, 0.5]}
    assert world.call_primitive("step", (action,))["reward"] == 0.5
    assert "noted" in world.progress().milestones


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"turn": [2, 0]}, "action.turn must be a list of 2 numbers, each from -1 to 1"),
        ({"turn": [float("nan"), 0]}, "action.turn must be"),
        ({"gear": [3, 0]}, "action.gear must be a list of 2 whole numbers (0 to 2, 0 to 1)"),
        ({"lamps": "on"}, "action.lamps must be a list of 2 numbers, each 0 or 1"),
        ({"say": "much too long"}, "action.say must be a text of 1 to 5 characters"),
        ({"pair": [5, 0.5]}, "action.pair[0] must be a whole number from 0 to 1"),
        ({"trun": 1}, "action has no 'trun'; did you mean 'turn'"),
    ],
)
def test_a_part_of_an_action_that_does_not_fit_is_named(changed, told):
    action = {"turn": [0.5, 0], "gear": [2, 1], "lamps": [1, 0], "say": "hi", "pair": [1, 0.5]}
    with pytest.raises(PrimitiveError) as caught:
        world_of(odd.ManyParts).call_primitive("step", ({**action, **changed},))
    assert told in str(caught.value)


def test_every_part_of_an_observation_is_told_within_bounds():
    shown = world_of(odd.ManyParts).observe().extra["observation"]
    assert "grid:\n012\n345\n678" in shown
    assert "camera: an image of 64 by 64 by 3 numbers from 0 to 0" in shown
    assert "word: hello" in shown
    assert len(shown) < 1_000


def test_a_large_array_reaches_a_program_only_where_it_asks():
    world = world_of(odd.ManyParts)
    assert world.call_primitive("observe")["observation"]["camera"]["shape"] == [64, 64, 3]
    assert len(world.call_primitive("observe", (True,))["observation"]["camera"]) == 64


def test_an_array_that_the_environment_writes_into_is_copied():
    world = world_of(odd.SameArray)
    assert world.call_primitive("go_right")["changed"] is True
    assert isinstance(world._play.seen, np.ndarray)
    assert world._play.seen is not world._play.episode.environment.array


def test_a_world_by_name_of_a_class():
    world = make("gym:odd_environments:Corridor")
    world.reset(seed=0, options={"length": 4})
    assert world.call_primitive("observe")["observation"][1] == 4
