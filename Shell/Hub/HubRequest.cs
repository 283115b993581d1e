namespace SynthSae.Hub;

/// <summary>A request to the hub.</summary>
/// <param name="Method">GET or HEAD.</param>
/// <param name="Uri">The address.</param>
/// <param name="Id">The folder that it is for.</param>
/// <param name="What">What is asked for, in words, for messages.</param>
/// <param name="From">The first byte that is wanted.</param>
internal sealed record HubRequest(
    HttpMethod Method, Uri Uri, HubId Id, string What, long From = 0);
