"""HTML as a person reads it: text, tables and links."""

import pytest

from scraper.documents import html
from scraper.errors import DocumentError, Unreadable
from scraper.model import Document, Table

BASE = "https://www.example.org/news/index.html"


def of(body: str | bytes, charset: str | None = None) -> Document:
    data = body.encode() if isinstance(body, str) else body
    return Document(
        url=BASE,
        data=data,
        media_type="text/html",
        charset=charset,
        captured_at="2026-11-23T04:00:00Z",
        sha256="0" * 64,
    )


def text(body: str, select: str | None = None, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    return html.paragraphs(html.parse(of(body)), select, ignore)


def grid(body: str, select: str | None = None) -> tuple[Table, ...]:
    return html.tables(html.parse(of(body)), select)


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("Doña Ana – “Peña”".encode(), "iso-8859-1"),
        ("Doña Ana – “Peña”".encode(), None),
        ("Doña Ana – “Peña”".encode("cp1252"), "utf-8"),
        ("Doña Ana – “Peña”".encode("cp1252"), "iso-8859-1"),
        ("Doña Ana – “Peña”".encode("cp1252"), "no-such-charset"),
        ("\ufeffDoña Ana – “Peña”".encode("utf-16-le"), "utf-8"),
        ("\ufeffDoña Ana – “Peña”".encode(), "windows-1251"),
        ("Doña Ana – “Peña”".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_a_wrong_charset_label_never_garbles_a_page(data: bytes, charset: str | None) -> None:
    """N12."""
    assert html.decode(data, charset) == "Doña Ana – “Peña”"


def test_the_charset_named_in_the_page_counts_where_the_server_names_none() -> None:
    """N12."""
    body = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1250"><p>Łódź</p>'
    assert text(html.decode(body.encode("cp1250"), None)) == ("Łódź",)


def test_one_broken_byte_leaves_the_rest_of_a_utf8_page_whole() -> None:
    """N12."""
    assert html.decode("Doña Ana, Peñasco, Cañon".encode() + b"\xff", "utf-8") == "Doña Ana, Peñasco, Cañon\ufffd"


def test_the_main_content_is_read_block_by_block_without_what_surrounds_it() -> None:
    body = """<head><title>T</title><style>p{}</style></head><body><header>site</header><nav>menu</nav><main>
    <h1>Head <em>line</em></h1><!-- nonce 123 --><p>One&nbsp;<b>two</b><br>three <script>x()</script></p>
    <aside>ad</aside><form><label>Search</label><input></form><noscript>pixel</noscript><template>t</template>
    <p hidden>h</p><p style="display: none">n</p><p style="color:red">red</p><ul><li>a<ul><li>b</li></ul></li></ul>tail
    <article><header>kept</header></article></main><footer>foot</footer></body>"""
    assert text(body) == ("Head line", "One two three", "red", "a", "b", "tail", "kept")


def test_a_page_inside_one_form_is_still_read() -> None:
    assert text("<form id=aspnet><p>The report.</p><input value=x><button>Go</button></form>") == ("The report.",)


def test_without_a_main_part_the_body_is_read_and_one_article_is_preferred() -> None:
    assert text("<body>a<footer>f</footer></body>") == ("a",)
    assert text("<body>a<article>b</article></body>") == ("b",)
    assert text("<body><article>a</article><article>b</article></body>") == ("a", "b")


def test_select_and_ignore_take_css_and_nothing_is_read_twice() -> None:
    body = "<div class=x><p>a</p><div class=x>b</div><p class=no>c</p></div><p>d</p>"
    assert text(body, ".x", (".no",)) == ("a", "b")
    assert text(body, ".absent") == ()
    assert text("<aside class=x>chosen</aside>", ".x") == ("chosen",)


@pytest.mark.parametrize("selector", ["p[", "::foo", ":has(", "", "p > > a", "p:contains(x)"])
def test_a_bad_selector_is_named(selector: str) -> None:
    tree = html.parse(of("<p>a</p>"))
    with pytest.raises(DocumentError, match="is not a CSS selector") as error:
        html.select_all(tree, selector)
    assert f'"{selector}"' in str(error.value)


def test_table_rows_are_lines_of_text_and_layout_tables_are_blocks() -> None:
    body = "<table><tr><th>County<th>Declined<tr><td>Cook<td>13,<!-- x -->025<sup>1</sup></table>"
    assert text(body) == ("County | Declined", "Cook | 13,025¹")
    layout = "<table><tr><td>menu</td><td><p>one</p><p>two</p>" + body + "</td></tr></table>"
    assert text(layout) == ("menu", "one", "two", "County | Declined", "Cook | 13,025¹")


def test_a_raised_footnote_digit_never_joins_the_count() -> None:
    """C7."""
    (table,) = grid("<table><tr><td>188<sup>1</sup><td>188 <sup><a href=#n>[2]</a></sup></table>")
    assert table.rows == (("188¹", "188 [2]"),)


def test_spans_are_expanded_and_ragged_rows_padded() -> None:
    """C4."""
    body = """<table><thead><tr><th rowspan=2>Place<th colspan=2>2017</tr><tr><th>Q1<th>Q2</tr></thead>
    <tbody><tr><td rowspan=0>Cook<td>1<td>2<tr><td>3<tr hidden><td>no</tr><tr style="display:none"><td>no</tr>
    <tr><td>5<td>6<td>7</tr></tbody></table>"""
    (table,) = grid(body)
    assert table.rows == (
        ("Place", "2017", "2017", ""),
        ("Place", "Q1", "Q2", ""),
        ("Cook", "1", "2", ""),
        ("Cook", "3", "", ""),
        ("Cook", "5", "6", "7"),
    )
    assert table.row_numbers == (1, 2, 3, 4, 7)


def test_nested_tables_are_tables_of_their_own() -> None:
    outer, inner, last = grid(
        "<table><tr><td>a<table><tr><td>in</table>b<td>c</table><div id=d><table><tr><td>z</table></div>"
    )
    assert (outer.rows, inner.rows, last.rows) == ((("a b", "c"),), (("in",),), (("z",),))
    assert [table.locator.table for table in (outer, inner, last)] == [1, 2, 3]


def test_select_names_a_table_or_what_holds_it() -> None:
    body = "<table id=a><tr><td>a</table><div id=b><table><tr><td>b</table></div>"
    assert [table.locator.table for table in grid(body, "#b")] == [2]
    assert [table.rows for table in grid(body, "#a")] == [(("a",),)]
    assert grid(body, "#c") == ()


@pytest.mark.parametrize("span", ["99999999999", "-1", "x", "1e9", "٣"])
def test_an_absurd_span_costs_nothing(span: str) -> None:
    """C3."""
    (table,) = grid(f'<table><tr><td colspan="{span}" rowspan="{span}">a<td>b</table>')
    assert len(table.rows) == 1
    assert len(table.rows[0]) <= html.MOST_COLUMNS


def test_a_table_of_absurd_size_is_refused() -> None:
    """C3."""
    body = "<table><tr><td colspan=512>x</tr>" + "<tr><td>1</tr>" * (html.MOST_CELLS // html.MOST_COLUMNS) + "</table>"
    with pytest.raises(Unreadable, match="more than is read"):
        grid(body)


def test_ten_thousand_nested_elements_are_read() -> None:
    assert text("<div>" * 10_000 + "deep" + "</div>" * 10_000) == ("deep",)
    assert text("<table><tr><td>" * 300 + "deep") == ("deep",)


def test_links_are_absolute_in_order_and_once() -> None:
    """C15, C17."""
    body = """<a href="a.pdf?utm_source=x"><img alt="Report"></a><a href="/b/">B <i>two</i></a>
    <a href="/b#top">again</a>    <a href="#x">top</a><a href="javascript:x()">js</a><a href="https://u:p@e.org/">u</a><a>none</a>
    <a href="">self</a>"""
    assert html.links(html.parse(of(body)), BASE) == (
        html.Link("https://www.example.org/news/a.pdf", "Report", "https://www.example.org/news/a.pdf"),
        html.Link("https://www.example.org/b", "B two", "https://www.example.org/b/"),
    )


def test_links_of_a_part_and_a_base_of_another_host() -> None:
    """N5."""
    body = '<base href="{}"><ul class=r><li><a href="x">X</a></ul><a class=n href="y">Y</a>'
    tree = html.parse(of(body.format("https://www.example.org/docs/")))
    assert [link.url for link in html.links(tree, BASE, ".r")] == ["https://www.example.org/docs/x"]
    assert [link.url for link in html.links(tree, BASE, "a.n")] == ["https://www.example.org/docs/y"]
    bare = html.parse(of(body.format("https://example.org/docs/")))
    assert [link.url for link in html.links(bare, BASE, "a.n")] == ["https://example.org/docs/y"]
    stranger = html.parse(of(body.format("https://evil.example/")))
    assert [link.url for link in html.links(stranger, BASE, "a.n")] == ["https://www.example.org/news/y"]


def test_title_and_meta_are_found() -> None:
    tree = html.parse(
        of(
            "<head><title> A \n B </title><meta property='article:published_time' content='2023-01-09'>"
            "<meta name=Date content=x><meta name=date content=y></head>"
            "<svg><title>no</title></svg>"
        )
    )
    assert html.title(tree) == "A B"
    assert html.meta(tree) == {"article:published_time": "2023-01-09", "date": "x"}
    assert html.title(html.parse(of("<h1>Only <b>this</b></h1>"))) == "Only this"
