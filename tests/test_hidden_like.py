"""Known codes compared with leaks that are too weak to read: the right one stands out, and chance is told from it."""

import numpy as np
import pytest
from hidden_kit import CODE, KEY, jpeg, marked, read, scene
from PIL import Image

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden.seek import compared, likeness, seek

OTHERS = np.random.default_rng(1).integers(1 << 62, size=120).tolist()


def luma(image):
    return hidden.brightness(np.asarray(image.convert("RGB")), "rgb")


def test_what_does_not_decode_is_still_most_like_its_own_code():
    leak = luma(jpeg(marked(scene()).crop((150, 90, 390, 290)).resize((168, 140)), 28))
    assert seek(leak, KEY) is None
    result = compared(leak, KEY, [*OTHERS, CODE])
    assert result.scores.index(max(result.scores)) == len(OTHERS)
    assert result.chances[-1] < 0.001
    assert min(result.chances[:-1]) > 0.01


@pytest.mark.parametrize("key", [KEY, bytes(32)], ids=["unmarked", "another key"])
def test_where_there_is_nothing_no_code_stands_out(key):
    leak = scene(200, 160) if key == KEY else marked(scene(200, 160))
    assert min(compared(luma(leak), key, [*OTHERS, CODE]).chances) > 0.001


def test_two_copies_laid_over_each_other_name_both_who_leaked_them():
    first, second = CODE, 0x0BAD_F00D_0000_0001
    both = Image.blend(marked(scene(), first), marked(scene(), second), 0.5)
    result = compared(luma(jpeg(both, 70)), KEY, [first, *OTHERS, second])
    assert {result.scores.index(score) for score in sorted(result.scores)[-2:]} == {0, len(OTHERS) + 1}
    assert max(result.chances[0], result.chances[-1]) < 0.001
    found = read(both)
    assert found is None or found.code in (first, second)


def test_likeness_is_the_scores():
    leak = luma(marked(scene(200, 160)))
    assert likeness(leak, KEY, OTHERS[:3]) == pytest.approx(compared(leak, KEY, OTHERS[:3]).scores)


def test_nothing_compared_with_nothing_is_nothing():
    assert compared(luma(scene(100, 80)), KEY, []).scores == []
    empty = compared(np.zeros((500, 400), np.float32), KEY, [1, 2])
    assert (empty.scores, empty.chances) == ([0, 0], [1, 1])
