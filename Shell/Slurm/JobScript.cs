using System.Text;

namespace SynthSae.Slurm;

/// <summary>The script of an array job, each of whose tasks executes one run.</summary>
internal static class JobScript
{
    /// <summary>
    /// The script. It becomes the program (<c>exec</c>), which so gets Slurm's signals itself: a
    /// shell that waits for a child would die of them and take it along, and traps lose signals
    /// that come together.
    /// </summary>
    /// <param name="command">The program and its arguments up to the run's folder.</param>
    /// <param name="runs">The folder of each task's run.</param>
    /// <param name="submission">The command that submits it, for readers.</param>
    public static string Text(
        IReadOnlyList<string> command, IReadOnlyList<string> runs, IReadOnlyList<string> submission)
    {
        var text = new StringBuilder("#!/bin/bash\n");
        text.Append("# Task N executes the run at place N. Submitted with:\n");
        // A comment ends with its line, whatever a name may hold.
        text.Append("#   ").Append(Line(submission).ReplaceLineEndings("?")).Append('\n');
        text.Append("runs=(\n");
        foreach (var run in runs)
        {
            text.Append("  ").Append(Quote(run)).Append('\n');
        }

        text.Append(")\n");
        // Until the program listens, a warning must not end it. What is ignored stays so.
        text.Append("trap '' USR1\n");
        text.Append("exec ").Append(Line(command)).Append(" \"${runs[SLURM_ARRAY_TASK_ID]:?}\"\n");
        return text.ToString();
    }

    /// <summary>Words as one types them in a shell.</summary>
    public static string Line(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(IsPlain) ? word : $"'{word.Replace("'", @"'\''")}'";

    private static bool IsPlain(char letter) =>
        char.IsAsciiLetterOrDigit(letter) || "-_./=:@%+,".Contains(letter);
}
