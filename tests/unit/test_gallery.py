"""The gallery of docs/index.md: it shows every figure, and is what its command writes."""

from PIL import Image
from tests import gallery


def test_every_figure_has_a_question():
    assert set(gallery.QUESTIONS) == set(gallery.commands())


def test_the_page_is_what_the_command_writes():
    assert gallery.BEGIN + gallery.gallery() + gallery.END in gallery.PAGE.read_text()


def test_thumbnails_are_small_pictures_of_figures():
    found = list(gallery.THUMBNAILS.glob("*.png"))
    assert {path.stem for path in found} <= set(gallery.QUESTIONS)
    for path in found:
        assert path.stat().st_size < gallery.MOST, path
        with Image.open(path) as picture:
            assert picture.width in (gallery.SIZE[0], gallery.SIZE[0] // 2) and picture.height <= gallery.SIZE[1], path


def test_a_tall_picture_gives_a_thumbnail_of_its_upper_part(tmp_path):
    picture = Image.new("RGB", (1920, 8000), "white")
    picture.paste("red", (0, 0, 1920, 200))
    picture.save(tmp_path / "tall.png")
    (tmp_path / "thumbnail.png").write_bytes(gallery.thumbnail(tmp_path / "tall.png"))
    with Image.open(tmp_path / "thumbnail.png") as made:
        assert made.size == gallery.SIZE
        assert made.convert("RGB").getpixel((10, 10))[1] < 50
