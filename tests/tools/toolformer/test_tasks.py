"""Public task sets are read as they are published, and answers are judged as the paper judges them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.evaluation.tasks import Task, read_tasks, write_tasks

ASDIV = """<?xml version="1.0" encoding="UTF-8"?>
<Machine-Reading-Corpus-File><ProblemSet>
<Problem ID="nluds-0001" Grade="1" Source="http://x">
<Body>Seven red apples and two green apples are in the basket.</Body>
<Solution-Type>Addition</Solution-Type><Question>How many apples are in the basket?</Question>
<Answer>9 (apples)</Answer><Formula>7+2=9</Formula></Problem>
</ProblemSet></Machine-Reading-Corpus-File>"""
FILES = {
    "asdiv": ASDIV,
    "svamp": json.dumps(
        [
            {
                "ID": "chal-1",
                "Body": "Each pack costs 76 dollars",
                "Question": "How much for 2?",
                "Answer": 152.0,
            }
        ]
    ),
    "mawps": json.dumps(
        [
            {"iIndex": 1, "sQuestion": "Joan found 70 seashells. How many?", "lSolutions": [27.0]},
            {"Question": "Tom had N_00 and N_01 cards.", "Numbers": "4 9", "Answer": 13.0},
        ]
    ),
    "lama": json.dumps({"obj_label": "Paris", "masked_sentences": ["X was born in [MASK]."]})
    + "\n"
    + json.dumps({"obj_label": "Rome", "evidences": [{"masked_sentence": "In [MASK] he lived."}]})
    + "\n",
    "templama": json.dumps(
        {"query": "Tom Brady plays for _X_.", "answer": [{"name": "Bucs"}, {"name": "Pats"}], "date": "2020"}
    ),
    "dateset": json.dumps({"question": "How many days ago was May 1?", "answer": "3", "date": "May 4, 2020"}),
}


@pytest.mark.parametrize(
    ("form", "count", "prompt", "right", "wrong"),
    [
        ("asdiv", 1, "How many apples are in the basket? The answer is", " 9.", " 8, not 9"),
        ("svamp", 1, "76 dollars. How much for 2? The answer is", " $152.00 in all", " 15"),
        ("mawps", 2, "How many? The answer is", "27", " 270"),
        ("lama", 1, "X was born in", " the city of Paris, France", " London and later, much later, Paris"),
        ("templama", 1, "Tom Brady plays for", " the Pats", " nobody"),
        ("dateset", 1, "How many days ago was May 1? The answer is", " 3 days", " 4"),
    ],
)
def test_a_public_file_is_read_and_judged(
    tmp_path: Path, form: str, count: int, prompt: str, right: str, wrong: str
) -> None:
    path = tmp_path / "file"
    path.write_text(FILES[form])

    tasks = read_tasks(path, form)

    assert len(tasks) == count
    assert tasks[0].prompt.endswith(prompt)
    assert tasks[0].solved(right)
    assert not tasks[0].solved(wrong)
    assert not tasks[0].solved("")


def test_numbers_that_were_taken_out_are_put_in_again(tmp_path: Path) -> None:
    path = tmp_path / "mawps.json"
    path.write_text(FILES["mawps"])
    assert read_tasks(path, "mawps")[1].prompt == "Tom had 4 and 9 cards. The answer is"
    assert read_tasks(path, "mawps")[1].answers == ("13.0",)


def test_rows_that_were_exported_one_a_line_are_read(tmp_path: Path) -> None:
    for form in ("svamp", "mawps"):
        rows = json.loads(FILES[form])
        path = tmp_path / form
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert len(read_tasks(path, form)) == len(rows)


def test_of_several_statements_the_first_that_ends_in_the_mask_is_asked(tmp_path: Path) -> None:
    evidences = [
        {"sub_surface": "X", "masked_sentence": "In [MASK] X was born."},
        {"sub_surface": "X", "masked_sentence": "X was born in [MASK]."},
    ]
    row = {"obj_label": "Rome", "sub_label": "X", "predicate_id": "P19", "evidences": evidences}
    of_google = {
        "pred": "p",
        "obj_label": "Bonn",
        "evidences": [{"url": "u"}],
        "masked_sentences": ["In [MASK]"],
    }
    path = tmp_path / "P19.jsonl"
    path.write_text(f"{json.dumps(row)}\n{json.dumps(of_google)}\n")
    assert [task.prompt for task in read_tasks(path, "lama")] == ["X was born in", "In"]


def test_a_date_says_what_day_it_is_in_its_task(tmp_path: Path) -> None:
    for form, day in (("templama", "2020"), ("dateset", "May 4, 2020")):
        path = tmp_path / form
        path.write_text(FILES[form])
        assert read_tasks(path, form)[0].day == day


def test_own_tasks_are_written_and_read_again(tmp_path: Path) -> None:
    tasks = [Task("a", "one and", (" two", " 2"), day="Friday"), Task("b", "x", ("y",), "words")]
    write_tasks(tmp_path / "tasks.jsonl", tasks)
    assert read_tasks(tmp_path / "tasks.jsonl", "tasks") == tasks
    assert tasks[0].solved(" two.")
    assert not tasks[0].solved(" twofold")


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("svamp", '{"rows": 1}', "no file in the form svamp"),
        ("svamp", "[{}]", "no file in the form svamp"),
        ("asdiv", "<a><b></a>", "no file in the form asdiv"),
        ("lama", "{}", "holds no task that can be asked"),
        ("lama", "nonsense", "no file in the form lama"),
        ("gsm8k", "", "no form of tasks 'gsm8k'; there are asdiv, svamp"),
    ],
)
def test_another_file_is_one_line(tmp_path: Path, form: str, content: str, message: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(ToolformerError, match=message) as caught:
        read_tasks(path, form)
    assert "\n" not in str(caught.value)
