"""Pictures by diffusion models: any text-to-image pipeline as a generator, instruction and inpainting ones as editors."""
