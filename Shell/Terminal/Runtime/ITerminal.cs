namespace SynthSae.Terminal.Runtime;

/// <summary>A terminal, or what a test has in its place.</summary>
internal interface ITerminal
{
    /// <summary>As it is now.</summary>
    Size Size { get; }

    /// <summary>Keys come at once and as bytes, and are not shown.</summary>
    void EnterRaw();

    /// <summary>As before <see cref="EnterRaw"/>.</summary>
    void LeaveRaw();

    /// <summary>Bytes that were typed; 0 if none came in time, -1 if none will come.</summary>
    int Read(byte[] buffer, TimeSpan wait);

    /// <summary>Write in one piece.</summary>
    /// <exception cref="IOException">The terminal is gone.</exception>
    void Write(string text);

    /// <summary>
    /// Stop this program until somebody lets it go on; false if nobody would.
    /// </summary>
    bool Stop();
}
