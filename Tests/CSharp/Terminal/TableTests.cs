using FsCheck;
using FsCheck.Fluent;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class TableTests
{
    private static readonly TableColumn[] Columns =
    [
        new("Run", Priority: 0, MinWidth: 8, MaxWidth: 20),
        new("State", Priority: 1, MinWidth: 5),
        new("Loss", Align.Right, Priority: 2, MinWidth: 6),
        new("F1", Align.Right, Priority: 3, MinWidth: 4),
        new("Note", Priority: 4, MinWidth: 4),
    ];

    [Fact]
    public void Columns_that_fit_are_in_order_within_the_width_and_the_important_ones_stay()
    {
        var cases =
            from columns in (
                from priority in Gen.Choose(0, 4)
                from least in Gen.Choose(0, 12)
                from most in Gen.Choose(0, 30)
                select new TableColumn("x", Priority: priority, MinWidth: least, MaxWidth: most)).NonEmptyListOf()
            from natural in Gen.Choose(0, 40).ArrayOf(columns.Count)
            from width in Gen.Choose(0, 150)
            select (columns, natural, width);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var fit = ColumnFit.Of([.. one.columns], one.natural, one.width);
            Assert.True(fit.Sum(column => column.Width) + (ColumnFit.Gap * Math.Max(0, fit.Count - 1)) <= one.width);
            Assert.True(fit.All(column => column.Width > 0));
            Assert.Equal(fit.Select(column => column.Index).Order(), fit.Select(column => column.Index));
            Assert.Equal(one.width > 0, fit.Count > 0);
            var shown = fit.Select(column => column.Index).ToHashSet();
            var worst = shown.Select(index => one.columns[index].Priority).DefaultIfEmpty(-1).Max();
            var best = Enumerable.Range(0, one.columns.Count).Where(index => !shown.Contains(index))
                .Select(index => one.columns[index].Priority).DefaultIfEmpty(int.MaxValue).Min();
            Assert.True(fit.Count == 0 || best >= worst);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_table_at_any_size_shows_the_selected_row_and_asks_only_for_what_is_seen()
    {
        var cases =
            from size in Sizes.Gen
            from count in Gen.OneOf(Gen.Choose(0, 5), Gen.Choose(0, 10_000))
            from selected in Gen.Choose(-1, 10_000)
            select (size, count, selected: Math.Min(selected, count - 1));
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var asked = new List<int>();
            var frame = new Frame(one.size);
            Table.Draw(frame, frame.Area, Columns, one.count, index =>
            {
                asked.Add(index);
                return [$"{index}", "done", "0.5", "1", ""];
            }, new TableOptions { Selected = one.selected });
            var visible = Math.Max(0, one.size.Rows - (one.size.Rows > 1 ? 1 : 0));
            Assert.Equal(Math.Min(visible, one.count), asked.Count);
            Assert.All(asked, index => Assert.InRange(index, 0, one.count - 1));
            if (one.selected >= 0)
            {
                Assert.Contains(one.selected, asked);
                Assert.Single(Enumerable.Range(0, one.size.Rows), row => frame[0, row].Style.Reverse);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(70)]
    [InlineData(24)]
    public void Headings_rows_selection_and_scrolling_are_drawn(int width)
    {
        var frame = new Frame(new Size(width, 7));
        Table.Draw(frame, frame.Area, Columns, 20, index =>
            [$"run-{index:00}-with-a-long-name", new("done", Style.Good), $"{index * 0.5}", "0.91", "a note"],
            new TableOptions { Selected = 12, SortedBy = 2, Descending = true });
        Golden.Check($"table-{width}", frame);
    }

    [Fact]
    public void No_rows_are_said()
    {
        var frame = new Frame(new Size(30, 4));
        Table.Draw(frame, frame.Area, Columns, 0, _ => [], new TableOptions { Empty = "no runs yet" });
        Assert.Equal("no runs yet", frame.Lines()[1]);
    }

    [Theory]
    [InlineData(0, -1, 5, 0)]
    [InlineData(4, 1, 5, 4)]
    [InlineData(0, int.MaxValue, 5, 4)]
    [InlineData(3, int.MinValue, 5, 0)]
    [InlineData(-1, 1, 0, -1)]
    public void A_selection_moves_within_the_rows(int selected, int by, int count, int expected) =>
        Assert.Equal(expected, Table.Move(selected, by, count));
}
