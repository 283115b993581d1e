namespace SynthSae.Hosting;

/// <summary>
/// The streams a command writes to and what they can show; tests put their own in its place.
/// </summary>
/// <param name="Out">Results: tables, JSON.</param>
/// <param name="Error">Progress and messages.</param>
/// <param name="ErrorIsTerminal">A person watches <paramref name="Error"/>.</param>
/// <param name="Colour">Colours and bold type may be used on a terminal.</param>
/// <param name="Width">Columns of the terminal that shows <paramref name="Out"/>.</param>
internal sealed record Host(
    TextWriter Out,
    TextWriter Error,
    bool ErrorIsTerminal,
    bool Colour,
    int Width)
{
    private const int WidthOfFiles = 100;

    /// <summary>Where answers to questions come from; null where there is nobody to ask.</summary>
    public TextReader? Answers { get; init; }

    /// <summary>The streams of this process.</summary>
    public static Host OfProcess() =>
        new(
            Console.Out,
            Console.Error,
            ErrorIsTerminal: !Console.IsErrorRedirected && !IsSet("TERM", "dumb"),
            Colour: string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")),
            Width: Console.IsOutputRedirected ? WidthOfFiles : TerminalWidth())
        {
            Answers = Console.IsInputRedirected || Console.IsErrorRedirected ? null : Console.In,
        };

    /// <summary>Streams that are no terminal.</summary>
    public static Host Of(TextWriter output, TextWriter error) =>
        new(output, error, ErrorIsTerminal: false, Colour: false, WidthOfFiles);

    /// <summary>
    /// Undo what a live display does to a terminal, where it cannot do so itself.
    /// </summary>
    public void ShowCursor()
    {
        if (ErrorIsTerminal)
        {
            Error.Write("\e[?25h");
            Error.Flush();
        }
    }

    private static bool IsSet(string variable, string value) =>
        Environment.GetEnvironmentVariable(variable) == value;

    private static int TerminalWidth() => Console.WindowWidth is > 0 and var width ? width : 80;
}
