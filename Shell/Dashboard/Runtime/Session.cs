using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Dashboard.Runtime;

/// <summary>
/// A terminal that is taken over and given back, whatever happens; giving it back twice does no
/// harm.
/// </summary>
internal sealed class Session(ITerminal terminal, Caps caps) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Renderer _renderer = new(caps);
    private bool _entered;

    /// <summary>The terminal does not answer any more.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Take the terminal over; again, after it was stopped.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            terminal.EnterRaw();
            _entered = true;
            Write(_renderer.Enter());
        }
    }

    /// <summary>Give it back.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_entered)
            {
                _entered = false;
                Write(Renderer.Leave);
                terminal.LeaveRaw();
            }
        }
    }

    /// <summary>Show a frame, as far as it differs from the last.</summary>
    public void Show(Frame frame)
    {
        lock (_lock)
        {
            var text = _entered ? _renderer.Draw(frame) : "";
            if (text.Length > 0)
            {
                Write(text);
            }
        }
    }

    /// <summary>The next frame is drawn as a whole.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _renderer.Forget();
        }
    }

    public void Dispose() => Leave();

    private void Write(string text)
    {
        try
        {
            terminal.Write(text);
        }
        catch (IOException)
        {
            IsLost = true; // a closed window; the runs are elsewhere
        }
    }
}
