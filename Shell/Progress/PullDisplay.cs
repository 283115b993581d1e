using System.Diagnostics;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Hub;

namespace SynthSae.Progress;

/// <summary>
/// A download on a terminal: one line that is redrawn at most four times a second, and is gone
/// when this is disposed of. Elsewhere only notes are written.
/// </summary>
internal sealed class PullDisplay(Host host) : IPullObserver, IDisposable
{
    private const string ClearLine = "\r\e[K";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly long _width = Math.Max(20, Math.Min(host.Width, 100) - 1);
    private string _file = "";
    private long _began;
    private long _before;
    private long _drawn;
    private bool _shown;

    /// <summary>The name with which <see cref="HubNames.Pin"/> answers, shown meanwhile.</summary>
    public static string Pin(Host host, string name)
    {
        using var display = new PullDisplay(host);
        return HubNames.Pin(name, display);
    }

    public void Progress(string file, long done, long? size)
    {
        if (!host.ErrorIsTerminal)
        {
            return;
        }

        var now = Stopwatch.GetTimestamp();
        if (file != _file)
        {
            (_file, _began, _before) = (file, now, done);
        }
        else if (Stopwatch.GetElapsedTime(_drawn, now) < Interval)
        {
            return;
        }

        _drawn = now;
        Draw(Text(done, size, Stopwatch.GetElapsedTime(_began, now).TotalSeconds));
    }

    public void Note(string text)
    {
        Dispose();
        host.Error.WriteLine($"note: {text}");
    }

    public void Dispose()
    {
        if (_shown)
        {
            host.Error.Write(ClearLine);
            host.Error.Flush();
            _shown = false;
        }
    }

    private string Text(long done, long? size, double seconds)
    {
        var share = size is > 0 ? $"{100 * done / size}% of {Numbers.Bytes(size.Value)}" : "";
        var arrived = size is > 0 ? share : Numbers.Bytes(done);
        // What an earlier download has brought is not this one's pace.
        var pace = seconds > 0.5 ? $"  {Numbers.Bytes((long)((done - _before) / seconds))}/s" : "";
        return $"fetching {_file}  {arrived}{pace}";
    }

    private void Draw(string line)
    {
        _shown = true;
        host.Error.Write(ClearLine);
        host.Error.Write(line.Length <= _width ? line : line[..(int)_width]);
        host.Error.Flush();
    }
}
