namespace SynthSae.Hub;

/// <summary>Told what a download does while it goes on.</summary>
internal interface IPullObserver
{
    /// <summary>So many bytes of a file have arrived; its size is null while unknown.</summary>
    void Progress(string file, long done, long? size);

    /// <summary>Something that the reader should know.</summary>
    void Note(string text);
}
