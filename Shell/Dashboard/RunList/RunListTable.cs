using SynthSae.Store;
using SynthSae.Store.Filtering;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.RunList;

/// <summary>Draws the table of runs; only rows that are seen are looked at.</summary>
internal static class RunListTable
{
    private const int WidthForWords = 56;

    private static readonly TableColumn MarkColumn = new("", Align.Left, 0, 1, 1);
    private static readonly TableColumn LetterColumn = new("S", Align.Left, 0, 1, 1);

    /// <summary>Draw it.</summary>
    public static void Draw(Frame frame, Rect area, RunListModel model, DateTime now)
    {
        var letters = area.Width < WidthForWords;
        TableColumn[] columns =
        [
            MarkColumn,
            .. RunFields.All.Select(field =>
                letters && field.Name == RunFields.State ? LetterColumn : field.Column),
        ];
        var options = new TableOptions
        {
            Selected = model.Selected,
            SortedBy = 1 + RunFields.PlaceOf(model.Order.Field),
            Descending = model.Order.Descending,
            Empty = Nothing(model),
        };
        Table.Draw(
            frame, area, columns, model.Rows.Count, at => Cells(model, at, letters, now), options);
    }

    /// <summary>What to do where no run is shown.</summary>
    public static string Nothing(RunListModel model) =>
        !model.Loaded ? "reading the runs …"
        : model.All.Count == 0 ? "no runs yet: press n, or type  synthsae start small"
        : $"no run of {model.All.Count} fits the filter; Esc takes it away";

    private static IReadOnlyList<TableCell> Cells(
        RunListModel model, int at, bool letters, DateTime now) =>
        model.Rows[at] switch
        {
            RunRow.One one => OfRun(model, one, letters, now),
            RunRow.Group group => OfGroup(model, group, now),
            _ => [],
        };

    private static TableCell[] OfRun(RunListModel model, RunRow.One row, bool letters, DateTime now)
    {
        var run = row.Run;
        var cells = new TableCell[1 + RunFields.All.Count];
        cells[0] = Mark(model.Marked.Contains(run.Id));
        for (var index = 0; index < RunFields.All.Count; index++)
        {
            var field = RunFields.All[index];
            cells[1 + index] = field.Name switch
            {
                RunFields.State when letters => new($"{run.Status.Letter()}", run.Status.Style()),
                RunFields.Name when row.InGroup => new($"  {ShortName.Of(run)}"),
                _ => field.Cell(run, now),
            };
        }

        return cells;
    }

    private static TableCell[] OfGroup(RunListModel model, RunRow.Group group, DateTime now)
    {
        var runs = group.Members;
        var share = runs.Average(run => RunProgress.Share(run.Snapshot));
        var newest = runs.MaxBy(run => run.Snapshot.Created)!;
        var cells = new TableCell[1 + RunFields.All.Count];
        cells[0] = Mark(runs.All(run => model.Marked.Contains(run.Id)));
        for (var index = 0; index < RunFields.All.Count; index++)
        {
            var field = RunFields.All[index];
            cells[1 + index] = field.Name switch
            {
                RunFields.State => new(Tally.Short(runs), Style.Muted),
                RunFields.Name => new(
                    $"{(group.Folded ? '▸' : '▾')} {group.Sweep} ({runs.Count})", Style.Strong),
                RunFields.Progress => new(Advance.Percent(share), Style.Muted),
                RunFields.AgeName => field.Cell(newest, now),
                _ => "",
            };
        }

        return cells;
    }

    private static TableCell Mark(bool marked) => new(marked ? "*" : "", Style.Accent);
}
