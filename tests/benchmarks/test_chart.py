from xml.etree import ElementTree

from benchmarks.chart import BAR, draw
from benchmarks.table import Case, Measured

SVG = "{http://www.w3.org/2000/svg}"


def measured(**rates: float) -> dict[Case, Measured]:
    names = {"ours": "Pocket Pay through GraphQL", "mercurius": "Mercurius", "reference": "reference backend"}
    return {Case(f"transfer, {names[name]}", 32): Measured(rates=[rate]) for name, rate in rates.items()}


def test_the_chart_has_a_bar_for_each_measured_server_in_proportion_to_its_rate() -> None:
    chart = ElementTree.fromstring(draw(measured(ours=3_000, mercurius=1_500, reference=300), "2 cores"))
    bars = {bar.get("class"): int(bar.get("width", "0")) for bar in chart.iter(f"{SVG}rect")}
    assert [int(bar.get("width", "0")) for bar in chart.iter(f"{SVG}rect")] == [BAR, BAR // 2, BAR // 10]
    assert bars["bar ours"] == BAR
    texts = [text.text for text in chart.iter(f"{SVG}text")]
    assert {"Pocket Pay", "Mercurius", "FastAPI backend", "3,000", "1,500", "300"} <= set(texts)
    assert "Strawberry" not in texts


def test_the_chart_names_the_machine_as_text() -> None:
    assert "2 cores &amp; &lt;more&gt;" in draw(measured(ours=1), "2 cores & <more>")
