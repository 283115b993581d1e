using SynthSae.Core;
using SynthSae.Formatting;

namespace SynthSae.Supervision;

/// <summary>Lines with the time, for whoever wants to know what the supervisor did.</summary>
internal sealed class SupervisorLog(TextWriter writer)
{
    private const long MostBytes = 1 << 20;
    /// <summary>A line; a full disk costs it.</summary>
    public void Write(string line)
    {
        try
        {
            var time = Timestamps.Seconds(DateTime.UtcNow);
            writer.WriteLine($"{time} {line}");
            writer.Flush();
        }
        catch (IOException)
        {
            // Nobody learns of it; the runs matter more.
        }
    }

    /// <summary>Begin a new file before one becomes too long; the last one is kept.</summary>
    public static void Turn(StateFolder state)
    {
        Files.CreateFolder(state.Path);
        var file = new FileInfo(state.SupervisorLog);
        if (file.Exists && file.Length > MostBytes)
        {
            File.Move(state.SupervisorLog, state.SupervisorLog + ".old", overwrite: true);
        }
    }
}
