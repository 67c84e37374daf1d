"""A process that works on keys is killed at every step: all of it was done or nothing, and nothing else is lost."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import ExitStack

import pytest
from custody_kill import ACTIONS
from custody_kit import in_memory, keeping, opened, program

KILL = "import custody_kill; custody_kill.main()"
SERVE = "import custody_kill, pathlib, sys; custody_kill.serve(pathlib.Path(sys.argv[1]))"
OWED = {"create": "created", "rotate": "rotated", "revoke": "revoked", "bring": "imported", "destroy": "destroyed"}


@pytest.fixture(scope="module")
def told():
    """What each action left, killed at each of its steps; all actions at the same time."""
    found = {}
    with ExitStack() as stack:
        folders = {action: stack.enter_context(in_memory()) for action in ACTIONS}
        processes = {action: stack.enter_context(program(KILL, folders[action], action)) for action in ACTIONS}
        for action, process in processes.items():
            out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            found[action] = [json.loads(line) for line in out.splitlines()]
    return found


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


@pytest.mark.parametrize("action", OWED)
def test_all_was_done_or_nothing_and_what_was_done_is_told_once_the_log_can_be(told, action):
    before, *tried = told[action]
    done = tried[-1]
    assert done["killed"] is None
    assert len(tried) > 5
    for one in tried:
        happened = one["state"] != before["before"]
        assert one["state"] == (done["state"] if happened else before["before"]) or half_begun(one["state"], action)
        assert one["recorded"] == ([OWED[action]] if one["state"]["owed"] else [])
        assert one["C-2"] == ['"a"'] * 4
        assert one["new C-2"] == "1"


def half_begun(state, action):
    """A customer who has a key of their own, and no data key yet: nothing that anybody would miss."""
    new = [told for told in state.values() if told[:2] == ["live", "C-3"]]
    return action == "create" and new == [["live", "C-3", []]] and state["owed"] == []


@pytest.mark.parametrize("action", ["create", "rotate", "bring", "rewrap"])
def test_what_takes_nothing_away_loses_nothing(told, action):
    for one in told[action][1:]:
        assert one["C-1"] == one["C-2"] == ['"a"'] * 4
        assert one["new C-1"] == one["new C-2"] == "1"


def test_a_folder_that_was_half_made_is_made_whole(told):
    assert len(told["begin"]) > 10
    assert all(one["state"] == {"owed": []} for one in told["begin"])


def test_a_version_is_revoked_or_it_opens(told):
    for one in told["revoke"][1:]:
        revoked = "revoked" in one["recorded"]
        assert one["C-1"] == [None if revoked else '"a"', '"a"', '"a"', '"a"']
        assert one["new C-1"] == "1"


def test_a_customer_was_destroyed_or_was_not_and_no_row_is_left_when_it_is_told(told):
    outcomes = set()
    for one in told["destroy"][1:]:
        gone = "destroyed" in one["recorded"]
        outcomes.add(gone)
        assert one["C-1"] == [None if gone else '"a"'] * 4
        assert one["new C-1"] == (False if gone else "1")
        assert one["rows"] == (0 if gone else 2)
    assert outcomes == {True, False}


async def test_whatever_left_the_gateway_opens_after_it_was_killed_while_it_made_keys(folder):
    chance, released = random.Random(5), []
    for _ in range(5):
        with program(SERVE, folder) as process:
            released.append(json.loads(process.stdout.readline()))
            await asyncio.sleep(chance.random() / 10)
            process.kill()
            out, errors = process.communicate(timeout=20)
        assert errors == ""
        released += [json.loads(line) for line in out.splitlines() if line.endswith("]")]
    assert len(released) > 12
    async with keeping(folder) as keeper:
        for customer, *tokens, _ in released:
            for token in tokens:
                assert keeper.owner(token) == customer
                assert await opened(keeper, token, customer) == '"a"'
    nonces = {token.split(".")[2] for _, token, _, _ in released}
    assert len(nonces) == len({token for _, token, _, _ in released})
