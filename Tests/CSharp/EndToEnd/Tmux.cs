using System.Diagnostics;
using Xunit;

namespace SynthSae.Tests.EndToEnd;

/// <summary>A terminal that nobody sits at: tmux with a server of its own.</summary>
internal sealed class Tmux : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly IReadOnlyDictionary<string, string> _variables;
    private readonly string _folder;

    /// <summary>A shell in a folder, on a screen of 120×40.</summary>
    public Tmux(string folder, IReadOnlyDictionary<string, string> variables)
    {
        (_folder, _variables) = (folder, variables);
        Open();
    }

    /// <summary>What is seen now.</summary>
    public string Text => Run("capture-pane", "-p").Out;

    /// <summary>The shell's process.</summary>
    public int Shell => int.Parse(Run("display-message", "-p", "#{pane_pid}").Out);

    /// <summary>Begin a server with a shell, after another was killed.</summary>
    public void Open() => Run(
        "-u", "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "bash", "--norc");

    /// <summary>End the server and all that runs in its terminals, as a lost machine would.</summary>
    public void Kill() => Run("kill-server");

    /// <summary>Press keys by tmux' names: Enter, Escape, Space, Tab, C-c, a.</summary>
    public void Press(params string[] keys) => Run(["send-keys", .. keys]);

    /// <summary>Type a text.</summary>
    public void Type(string text) => Run("send-keys", "-l", text);

    /// <summary>Type a command into the shell.</summary>
    public void Command(string line)
    {
        Type(line);
        Press("Enter");
    }

    /// <summary>Change the size of the screen.</summary>
    public void Resize(int columns, int rows) =>
        Run("resize-window", "-x", $"{columns}", "-y", $"{rows}");

    /// <summary>Wait until all of the texts are seen at once.</summary>
    public string WaitFor(params string[] texts) =>
        WaitUntil(seen => texts.All(seen.Contains), string.Join(", ", texts));

    /// <summary>Wait until what is seen is as it should be.</summary>
    public string WaitUntil(Func<string, bool> holds, string what)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var seen = Text;
            if (holds(seen))
            {
                return seen;
            }

            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                Assert.Fail($"waited in vain for: {what}\n{seen}");
            }

            Thread.Sleep(30);
        }
    }

    public void Dispose() => Run("kill-server");

    private (string Out, int Code) Run(params string[] args)
    {
        var info = new ProcessStartInfo("tmux", ["-L", "test", .. args])
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment.Remove("TMUX");
        info.Environment["TMUX_TMPDIR"] = _folder; // the socket goes with the folder
        foreach (var (name, value) in _variables)
        {
            info.Environment[name] = value;
        }

        using var tmux = Process.Start(info)!;
        var text = tmux.StandardOutput.ReadToEnd();
        tmux.WaitForExit();
        return (text, tmux.ExitCode);
    }
}
