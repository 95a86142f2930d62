"""PowerPoint files: a slide is a page, its title a heading; text, tables, charts' figures, diagrams and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version

import pptx
from lxml import etree
from pptx.chart.chart import Chart
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.presentation import Presentation
from pptx.shapes.autoshape import Shape
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from ingest.archive import DAMAGED, File, check_unpacked, ordinary, told
from ingest.metadata import metadata_from
from ingest.sources import PPTX
from ingest.table_grid import names_columns
from ingest.text import TextBuilder, UnreadableFile, line_kind, table_rows
from kb.records import Metadata, Parsed

READER = f"python-pptx {version('python-pptx')}"
DEEPEST = 20  # groups in one another
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_FRAME = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.HEADER)
_LISTED = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY)
_UNNAMED = ("powerpoint presentation", "презентация powerpoint", "powerpoint-präsentation", "presentation")


def read(path: File) -> tuple[Parsed, ...]:
    """Pages are slides, counted as PowerPoint counts them, and each block's place is "slide 3".

    Raises UnreadableFile for a damaged file, one that unpacks to too much, or one without text.
    """
    check_unpacked(path, "PPTX")
    builder = TextBuilder()
    try:
        with ordinary(path, PPTX).open("rb") as file:
            presentation = pptx.Presentation(file)
            hidden = _add_slides(builder, presentation)
            metadata, warnings = _properties(presentation)
    except (*DAMAGED, PythonPptxError) as error:
        raise UnreadableFile(f"the PPTX is damaged ({told(error)}); open it in PowerPoint and save it anew.") from error
    text, blocks, pages = builder.build()
    if not text:
        raise UnreadableFile("the PPTX holds no text, perhaps only pictures; export it as PDF with a text layer.")
    if hidden:
        warnings = (*warnings, f"hidden slides were left out: {', '.join(map(str, hidden))}; show them if they are needed.")
    return (Parsed(text, blocks, pages, metadata, READER, warnings),)


def _properties(presentation: Presentation) -> tuple[Metadata, tuple[str, ...]]:
    """The title if somebody wrote one; the dates are those of the file, the author is a person: neither is used."""
    title = presentation.core_properties.title or ""
    return metadata_from({"title": "" if title.strip().casefold() in _UNNAMED else title})


def _add_slides(builder: TextBuilder, presentation: Presentation) -> list[int]:
    """Add every slide that is shown; the numbers of the others."""
    hidden = []
    for number, slide in enumerate(presentation.slides, 1):
        builder.start_page(number, None)
        if slide.element.get("show") in ("0", "false"):
            hidden.append(number)
        else:
            _add_slide(builder, slide, f"slide {number}")
    return hidden


def _add_slide(builder: TextBuilder, slide: Slide, place: str) -> None:
    title = slide.shapes.title
    if not isinstance(title, Shape):  # none, or a picture in its place
        title = None
    if title is not None:
        is_first = title.is_placeholder and title.placeholder_format.type == PP_PLACEHOLDER.CENTER_TITLE
        builder.add("heading", title.text_frame.text, 1 if is_first else 2, place)
    for shape in _shapes(slide.shapes, 0):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.is_placeholder and shape.placeholder_format.type in _FRAME:
            continue
        if isinstance(shape, GraphicFrame) and shape.has_chart:
            _add_chart(builder, shape.chart, place)
        else:
            _add_shape(builder, shape, place)
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/diagramData") and not relation.is_external:
            _add_diagram(builder, relation.target_part.blob, place)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        for paragraph in slide.notes_slide.notes_text_frame.paragraphs:
            builder.add("note", paragraph.text, 0, place)


def _shapes(shapes: Iterable[BaseShape], depth: int) -> Iterator[BaseShape]:
    """Shapes in the order in which they were drawn, those of groups in their group's place."""
    for shape in shapes:
        if isinstance(shape, GroupShape):
            if depth < DEEPEST:
                yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _add_shape(builder: TextBuilder, shape: BaseShape, place: str) -> None:
    if isinstance(shape, GraphicFrame) and shape.has_table:
        rows = [["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]
        for line in table_rows(rows, has_header=shape.table.first_row or names_columns(rows)):
            builder.add("table_row", line, 0, place)
    elif isinstance(shape, Shape):
        listed = shape.is_placeholder and shape.placeholder_format.type in _LISTED
        for paragraph in shape.text_frame.paragraphs:
            kind, line, level = line_kind(" ".join(paragraph.text.split()))
            builder.add("list_item" if kind == "paragraph" and (listed or paragraph.level) else kind, line, level, place)


def _add_chart(builder: TextBuilder, chart: Chart, place: str) -> None:
    """A chart's title, and its figures as the rows of the table that they were drawn from."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.add("caption", chart.chart_title.text_frame.text, 0, place)
    try:
        plots = list(chart.plots)
    except ValueError:  # python-pptx knows no charts in 3D
        _add_series(builder, chart, place)
        return
    for plot in plots:
        series = list(plot.series)
        names = ["", *(one.name for one in series)]
        values = [
            [str(category), *(_figure(one.values, place_) for one in series)] for place_, category in enumerate(plot.categories)
        ]
        for line in table_rows([names, *values], has_header=True):
            builder.add("table_row", line, 0, place)


def _add_series(builder: TextBuilder, chart: Chart, place: str) -> None:
    """The rows of any chart, from what its file keeps of the table that it was drawn from: names, categories, values."""
    columns = [
        [_cached(series.find(f"{_CHART}{name}")) for name in ("tx", "cat", "val")]
        for series in chart.element.iter(f"{_CHART}ser")
    ]
    if not columns:
        return
    categories = next((one[1] for one in columns if one[1]), {})
    rows = [["", *(" ".join(one[0].values()) for one in columns)]]
    places = sorted({at for one in columns for at in one[2]} | set(categories))
    rows += [[categories.get(at, ""), *(one[2].get(at, "") for one in columns)] for at in places]
    for line in table_rows(rows, has_header=True):
        builder.add("table_row", line, 0, place)


def _cached(element: etree._Element | None) -> dict[int, str]:
    """Values by their place in the column."""
    points = element.iter(f"{_CHART}pt") if element is not None else ()
    return {int(point.get("idx") or 0): point.findtext(f"{_CHART}v") or "" for point in points}


def _figure(values: Sequence[float | None], at: int) -> str:
    value = values[at] if at < len(values) else None
    return "" if value is None else f"{value:.15g}"


def _add_diagram(builder: TextBuilder, data: bytes, place: str) -> None:
    """The texts of a SmartArt diagram, which the slide itself does not hold."""
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    for paragraph in root.iter(_DRAWING + "p"):
        builder.add("list_item", "".join(node.text or "" for node in paragraph.iter(_DRAWING + "t")), 0, place)
