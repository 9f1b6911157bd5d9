#!/usr/bin/env node
import '../../dist/cli/src/kubectl/main.js';
