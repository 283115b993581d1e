namespace SynthSae.Hosting;

/// <summary>A bug whose stack trace has been written to a file.</summary>
internal sealed class CrashException(string file, Exception cause) : Exception(cause.Message, cause)
{
    /// <summary>The file with the stack trace.</summary>
    public string File { get; } = file;
}
