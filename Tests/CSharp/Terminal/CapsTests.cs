using SynthSae.Terminal;
using Xunit;

namespace SynthSae.Tests.Terminal;

public sealed class CapsTests
{
    [Theory]
    [InlineData("TERM=xterm-256color LANG=en_US.UTF-8", "Ansi256 Braille")]
    [InlineData("TERM=xterm-256color COLORTERM=truecolor LC_ALL=C.UTF-8", "True Braille")]
    [InlineData("TERM=xterm-kitty LANG=de_DE.utf8", "True Braille sync")]
    [InlineData("TERM=xterm-kitty LANG=de_DE.utf8 SSH_TTY=/dev/pts/1", "True Braille remote")]
    [InlineData("TERM=xterm LANG=C", "Ansi16 Ascii")]
    [InlineData("TERM=xterm LANG=en_US.UTF-8 LC_ALL=C", "Ansi16 Ascii")]
    [InlineData("TERM=screen LANG=en_US.UTF-8", "Ansi16 Braille")]
    [InlineData("TERM=tmux-256color LANG=en_US.UTF-8 TERM_PROGRAM=tmux", "Ansi256 Braille")]
    [InlineData("TERM=linux LANG=en_US.UTF-8", "Ansi16 Blocks")]
    [InlineData("TERM=vt100 LANG=en_US.UTF-8", "None Ascii")]
    [InlineData("TERM=vt220", "None Ascii")]
    [InlineData("TERM=xterm-256color LANG=C.UTF-8 NO_COLOR=1", "None Braille")]
    [InlineData("TERM=xterm-256color LANG=C.UTF-8 COLORFGBG=0;15", "Ansi256 Braille light")]
    [InlineData("TERM=xterm-256color LANG=C.UTF-8 COLORFGBG=15;default;0", "Ansi256 Braille")]
    [InlineData("", "None Ascii")]
    public void What_a_terminal_can_do_is_told_by_the_environment(string variables, string expected)
    {
        var caps = CapsDetection.Of(Environment(variables), new CapsFlags());
        var words = $"{caps.Colours} {caps.Glyphs}"
            + (caps.SyncOutput ? " sync" : "") + (caps.Remote ? " remote" : "") + (caps.Light ? " light" : "");
        Assert.Equal(expected, words);
        Assert.False(caps.Mouse);
    }

    [Fact]
    public void Flags_go_before_the_environment()
    {
        var caps = CapsDetection.Of(
            Environment("TERM=xterm-kitty LANG=C.UTF-8"), new CapsFlags(true, true, true, true));
        Assert.Equal(new Caps(ColourDepth.None, Glyphs.Ascii, true, true, true), caps);
    }

    [Theory]
    [InlineData("TERM=dumb", false)]
    [InlineData("", false)]
    [InlineData("TERM=vt100", true)]
    public void A_dumb_terminal_cannot_be_drawn_on(string variables, bool expected) =>
        Assert.Equal(expected, CapsDetection.CanAddressCursor(Environment(variables)));

    private static Func<string, string?> Environment(string variables)
    {
        var all = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .ToDictionary(one => one[..one.IndexOf('=')], one => one[(one.IndexOf('=') + 1)..]);
        return name => all.GetValueOrDefault(name);
    }
}
