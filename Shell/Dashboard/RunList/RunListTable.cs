using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.RunList;

/// <summary>Draws the table of runs; only rows that are seen are looked at.</summary>
internal static class RunListTable
{
    private const int WidthForBrief = 56;
    private const int WidthForWords = 104;

    private static readonly TableColumn Letters = new(" S", Align.Left, 0, 2, 2);
    private static readonly TableColumn Briefs = new(" state", Align.Left, 0, 6, 6);

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, RunListModel model, DateTime now)
    {
        TableColumn[] columns =
        [
            .. RunFields.All.Select(field =>
                field.Name != RunFields.State || area.Width >= WidthForWords ? field.Column
                : area.Width >= WidthForBrief ? Briefs
                : Letters),
        ];
        var options = new TableOptions
        {
            Selected = model.Selected,
            SortedBy = RunFields.PlaceOf(model.Order.Field),
            Descending = model.Order.Descending,
            Empty = Nothing(model),
        };
        Table.Draw(
            frame,
            area,
            columns,
            model.Rows.Count,
            at => Cells(model, at, area.Width, now),
            options);
    }

    /// <summary>What to do where no run is shown.</summary>
    public static string Nothing(RunListModel model) =>
        !model.Loaded ? "reading the runs …"
        : model.All.Count == 0 ? "no runs yet: press n, or type  synthsae start small"
        : $"no run of {model.All.Count} fits the filter; Esc takes it away";

    private static IReadOnlyList<TableCell> Cells(
        RunListModel model, int at, int width, DateTime now) =>
        model.Rows[at] switch
        {
            RunRow.One one => OfRun(model, one, width, now),
            RunRow.Group group => OfGroup(model, group, width, now),
            _ => [],
        };

    private static TableCell[] OfRun(RunListModel model, RunRow.One row, int width, DateTime now)
    {
        var run = row.Run;
        return
        [
            .. RunFields.All.Select(field => field.Name switch
            {
                RunFields.State => State(run.Status, model.Marked.Contains(run.Id), width),
                RunFields.Name when row.InGroup => new($"  {ShortName.Of(run)}"),
                RunFields.Progress => RunFields.Done(run, bar: width >= WidthForWords),
                _ => field.Cell(run, now),
            }),
        ];
    }

    private static TableCell[] OfGroup(
        RunListModel model, RunRow.Group group, int width, DateTime now)
    {
        var runs = group.Members;
        var share = runs.Average(run => RunProgress.Share(run.Snapshot));
        var newest = runs.MaxBy(run => run.Snapshot.Created)!;
        var isMarked = runs.All(run => model.Marked.Contains(run.Id));
        return
        [
            .. RunFields.All.Select(field => field.Name switch
            {
                RunFields.State => new(
                    Mark(isMarked) + (width >= WidthForBrief ? "sweep" : ""), Style.Muted),
                RunFields.Name => new(
                    $"{(group.Folded ? '▸' : '▾')} {group.Sweep}: {Tally.Short(runs)}",
                    Style.Strong),
                RunFields.Progress => new(Advance.Percent(share), Style.Muted),
                RunFields.MadeName => field.Cell(newest, now),
                _ => "",
            }),
        ];
    }

    private static TableCell State(RunStatus status, bool marked, int width) =>
        new(
            Mark(marked) + (width >= WidthForWords ? status.Word()
                : width >= WidthForBrief ? status.Brief()
                : $"{status.Letter()}"),
            status.Style());

    private static string Mark(bool marked) => marked ? "*" : " ";
}
