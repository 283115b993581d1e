using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Terminal;
using SynthSae.Terminal.Tables;

namespace SynthSae.Dashboard.Forms;

/// <summary>Draws the form.</summary>
internal static class NewRunView
{
    private const int MostErrors = 4;
    private const int LabelShare = 3;

    public static void Draw(Frame frame, Rect area, NewRunScreen screen)
    {
        var draft = screen.Shown;
        var fields = screen.Fields;
        var (head, rest) = area.CutTop(1);
        frame.Put(head, 0, 0, ("New run: ", Style.Strong), (PresetList.Find(draft.Preset)?.Description ?? "", Style.Muted));
        var others = draft.Errors
            .Skip(1)
            .Where(error => fields.All(field => field.Path != error.Path))
            .Take(MostErrors)
            .ToList();
        var command = Wrap.Lines(draft.Command, Math.Max(20, area.Width - 2)).ToList();
        var (foot, form) = rest.CutBottom(Math.Min(rest.Height / 2, others.Count + command.Count + 1));
        DrawFields(frame, form, screen, draft, fields);
        DrawFoot(frame, foot, draft, [.. others.Select(error => $"{error}")], command);
    }

    private static void DrawFields(
        Frame frame, Rect area, NewRunScreen screen, RunDraft draft, IReadOnlyList<DraftField> fields)
    {
        var first = Table.First(screen.Selected, area.Height, fields.Count);
        var widest = fields.Max(field => Measure.Width(field.Label));
        var labels = Math.Min(widest + 4, Math.Max(12, area.Width / (LabelShare - 1)));
        for (var row = 0; row < area.Height && first + row < fields.Count; row++)
        {
            var line = area.Row(row).CutRight(fields.Count > area.Height ? 2 : 0).Others;
            DrawField(frame, line, labels, screen, draft, fields[first + row], first + row == screen.Selected);
        }

        Scrollbar.Draw(frame, area.CutRight(1).Right, first, fields.Count);
    }

    private static void DrawField(
        Frame frame, Rect line, int labels, NewRunScreen screen, RunDraft draft, DraftField field, bool selected)
    {
        var (label, rest) = line.CutLeft(labels);
        var changed = draft.IsChanged(field) ? "*" : " ";
        frame.PutLine(label, 0, $"{(selected ? ">" : " ")}{changed}{field.Label}", selected ? Style.Strong : Style.Plain);
        var value = draft.Value(field);
        var (box, note) = rest.CutLeft(Math.Clamp(Math.Max(18, Measure.Width(value) + 1), 1, Math.Max(1, rest.Width)));
        if (selected && screen.Editing is { } text)
        {
            text.Draw(frame, box, true, new Style(Underline: true));
        }
        else
        {
            frame.PutLine(box, 0, value, new Style(Bold: draft.IsChanged(field), Reverse: selected));
        }

        var (words, look) = Note(draft, field, selected);
        frame.PutLine(note.CutLeft(1).Others, 0, words, look);
    }

    private static (string Words, Style Look) Note(RunDraft draft, DraftField field, bool selected) =>
        draft.ErrorOf(field) is { } error ? ($"! {error.Rule}", Style.Bad)
        : selected && field.Choices.Count > 0 ? ($"←→ {string.Join(" ", field.Choices)}", Style.Muted)
        : (field.Hint, Style.Muted);

    private static void DrawFoot(
        Frame frame, Rect area, RunDraft draft, IReadOnlyList<string> errors, IReadOnlyList<string> command)
    {
        var row = 0;
        foreach (var error in errors)
        {
            frame.PutLine(area.Row(row++), 0, $"! {error}", Style.Bad);
        }

        frame.PutLine(area.Row(row++), 0, Summary(draft), draft.Plan is null ? Style.Bad : Style.Plain);
        foreach (var line in command)
        {
            frame.PutLine(area.Row(row++), 0, line, Style.Muted);
        }
    }

    private static string Summary(RunDraft draft)
    {
        if (draft.Plan is not { } plan)
        {
            var more = draft.Errors.Count > 1 ? $" (and {draft.Errors.Count - 1} more)" : "";
            return $"! {draft.Errors[0]}{more}";
        }

        var memory = draft.Memory() is { } bytes ? $", about {Numbers.Bytes(bytes)} of memory" : "";
        var saes = plan.Saes.Count == 1 ? "" : $", {plan.Saes.Count} SAEs";
        return $"{Counts.Exact(plan.Steps)} steps of {Counts.Exact(plan.BatchSize)} samples{saes}{memory}";
    }
}
