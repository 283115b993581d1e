using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace SynthSae.Tests.EndToEnd;

/// <summary>
/// A test that needs tmux; where there is none it says so.
/// </summary>
internal sealed class TmuxFactAttribute : FactAttribute
{
    public TmuxFactAttribute()
    {
        if (!IsThere())
        {
            Skip = "not run: there is no tmux; scripts/install-tmux.sh installs it on Debian";
        }
    }

    private static bool IsThere()
    {
        try
        {
            using var tmux = Process.Start(new ProcessStartInfo("tmux", ["-V"])
            {
                RedirectStandardOutput = true,
            })!;
            tmux.WaitForExit();
            return tmux.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
