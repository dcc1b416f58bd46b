from strnn_viz.dashboard.notice import Notice, damage, other_runs


def test_a_complaint_about_the_address_is_put_away_until_it_changes() -> None:
    notice = Notice()
    notice.say()
    assert not notice.visible
    notice.say(["no <epoch> 7"])
    assert "no &lt;epoch&gt; 7" in notice.html
    assert (notice.visible, notice.close.visible) == (True, True)
    notice.close.clicks += 1
    assert not notice.visible
    notice.say(["no <epoch> 7"])
    assert not notice.visible
    notice.say(["no layer x"])
    assert "no layer x" in notice.html
    notice.close.clicks += 1
    notice.say([])
    notice.say(["no layer x"])  # asked for anew
    assert notice.visible


def test_what_is_wrong_with_the_run_cannot_be_put_away_and_comes_before_others() -> None:
    notice = Notice()
    notice.say(["no epoch 7"], "<p>it failed</p>", {"b": "b is broken"})
    notice.close.clicks += 1
    notice.say(["no epoch 7"], "<p>it failed</p>", {"b": "b is broken"})
    assert notice.html.startswith("<p>it failed</p>")
    assert (notice.visible, notice.close.visible) == (True, False)
    assert list(notice.view)[1:] == [notice.own, notice.others]


def test_other_runs_are_told_in_one_line_and_in_full_where_it_is_unfolded() -> None:
    assert other_runs({}) == ""
    one = other_runs({"<a>": "<a> is broken"})
    assert "<summary>1 other run cannot be read: &lt;a&gt;</summary>" in one
    assert "&lt;a&gt; is broken" in one
    many = other_runs({f"run{i}": f"sentence {i}" for i in range(7)})
    assert "<summary>7 other runs cannot be read: run0, run1, run2, run3 and 3 more</summary>" in many
    assert many.count("<p ") == 7


def test_much_damage_is_folded() -> None:
    assert damage(["a", "b"]).count("<p ") == 2
    many = damage([f"file {i}" for i in range(1000)])
    assert many.index("file 1<") < many.index("<details") < many.index("file 2<")
    assert "<summary>998 more</summary>" in many
