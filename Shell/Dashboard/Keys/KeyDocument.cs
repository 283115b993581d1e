using System.Text;

namespace SynthSae.Dashboard;

/// <summary>The key table as docs/keys.md has it.</summary>
internal static class KeyDocument
{
    private const string Head =
        "# Keys of the dashboard\n\n"
        + "`?` shows the keys of the screen that is open, `1` to `6` and `Esc` go from screen to "
        + "screen. Keys that cannot be used now say why. This page is made from the table that "
        + "the program uses.\n";

    /// <summary>In Markdown.</summary>
    public static string Of(Model model)
    {
        var text = new StringBuilder(Head);
        foreach (var section in KeyHelp.All(model))
        {
            text.Append($"\n## {section.Title}\n\n| keys | what they do |\n|---|---|\n");
            foreach (var binding in section.Keys)
            {
                var keys = binding.Keys.Select(key => $"`{key}`".Replace("|", "\\|"));
                text.Append($"| {string.Join(", ", keys)} | {binding.Help} |\n");
            }
        }

        return text.ToString();
    }
}
